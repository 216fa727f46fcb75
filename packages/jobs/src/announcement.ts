import type { Job } from 'bullmq'
import { inputForWords } from './check-input.ts'
import { decodeFailure } from './failed-reason.ts'
import type { JobQueueOptions } from './job-queue.ts'
import { outcomeMessage } from './outcome.ts'
import type { Announcement } from './settle.ts'
import { type StoredResult, storedDataSchema, storedResultSchema } from './stored-job.ts'

/**
 * Who is told what when a job ends; `undefined` where the stored job doesn't say whose it is: the ledger may know.
 * @param inputs of jobs that ran in this process, as their schemas gave them back
 */
export function announcement(
  { definitions, log }: Pick<JobQueueOptions, 'definitions' | 'log'>,
  inputs: WeakMap<Job, unknown>,
  job: Job,
  target: 'completed' | 'failed',
  value: unknown,
): Announcement | undefined {
  const data = storedDataSchema.safeParse(job.data).data
  if (!data || job.id === undefined) {
    log.error({ job: job.name, jobId: job.id }, 'a job has ended whose data does not say whose it is')
    return undefined
  }
  const { owner, batch } = data
  const definition = definitions.get(job.name)
  const input = inputs.has(job) ? inputs.get(job) : definition && inputForWords(definition, data.input)
  const outcome = target === 'completed' ? storedResult(job) : decodeFailure(String(value))
  const ended = { jobId: job.id, name: job.name, owner, input }
  return { owner, batch, kind: outcome.kind, message: outcomeMessage(definition, ended, outcome, log) }
}

/** What one of our workers has kept as a job's result. */
export function storedResult(job: Pick<Job, 'returnvalue'>): StoredResult {
  return storedResultSchema.safeParse(job.returnvalue).data ?? { kind: 'success', result: undefined }
}
