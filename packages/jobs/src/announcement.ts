import type { Job } from 'bullmq'
import { inputForWords } from './check-input.ts'
import { decodeFailure } from './failed-reason.ts'
import type { JobQueueOptions } from './job-queue.ts'
import { outcomeMessage } from './outcome.ts'
import type { Announcement } from './settle.ts'
import { type StoredResult, storedDataOf, storedResultSchema } from './stored-job.ts'

/**
 * Who is told what when a job ends; `undefined` where the stored job doesn't say whose it is: the ledger may know.
 */
export function announcement(
  { definitions, log }: Pick<JobQueueOptions, 'definitions' | 'log'>,
  job: Job,
  target: 'completed' | 'failed',
  value: unknown,
): Announcement | undefined {
  const data = storedDataOf(job)
  if (!data || job.id === undefined) {
    log.error({ job: job.name, jobId: job.id }, 'a job has ended whose data does not say whose it is')
    return undefined
  }
  const { owner, batch, counted: isCounted } = data
  const definition = definitions.get(job.name)
  const input = INPUT in job ? job[INPUT] : definition && inputForWords(definition, data.input)
  const outcome = target === 'completed' ? storedResult(job) : decodeFailure(String(value))
  const ended = { jobId: job.id, name: job.name, owner, input }
  const message = outcomeMessage(definition, ended, outcome, log)
  return { owner, batch, kind: outcome.kind, isCounted, message }
}

// On the job itself: a map of objects as short-lived as these costs more than all the rest.
const INPUT = Symbol('input')

/** Keeps what its schema made of the input of a job that ran in this process, for its words. */
export function keepInput(job: Job, input: unknown): void {
  Object.assign(job, { [INPUT]: input })
}

/** What one of our workers has kept as a job's result. */
export function storedResult(job: Pick<Job, 'returnvalue'>): StoredResult {
  return storedResultSchema.safeParse(job.returnvalue).data ?? { kind: 'success', result: undefined }
}
