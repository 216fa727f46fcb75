import type { Job } from 'bullmq'
import { inputForWords } from './check-input.ts'
import type { AnyJobDefinition } from './define-job.ts'
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
  const { owner, batch, counted: isCounted, owed: isOwed } = data
  const definition = definitions.get(job.name)
  const input = inputOf(job, data.input, definition)
  const outcome = target === 'completed' ? storedResult(job) : decodeFailure(String(value))
  const ended = { jobId: job.id, name: job.name, owner, input }
  const message = outcomeMessage(definition, ended, outcome, log)
  return { owner, batch, kind: outcome.kind, isCounted, isOwed, message }
}

/**
 * What a job that ran in this process has come to: what is stored of it and, for its words, what its schema made of the input.
 * The input is kept here and not on the job, for a job that is given one more field lives until the next full collection.
 */
export class EndedHere implements StoredResult {
  readonly kind: StoredResult['kind']
  readonly result: unknown
  readonly #input: unknown

  constructor({ kind, result, input }: StoredResult & { readonly input: unknown }) {
    this.kind = kind
    this.result = result
    this.#input = input
  }

  /** The input, in an array; `undefined` where the job didn't end here. */
  static inputOf(value: unknown): [unknown] | undefined {
    return typeof value === 'object' && value !== null && #input in value ? [value.#input] : undefined
  }
}

// The same for the few that fail.
const INPUT = Symbol('input')

/** Keeps what its schema made of the input of a job that failed in this process, for its words. */
export function keepInput(job: Job, input: unknown): void {
  Object.assign(job, { [INPUT]: input })
}

/** What one of our workers has kept as a job's result. */
export function storedResult({ returnvalue }: Pick<Job, 'returnvalue'>): StoredResult {
  if (returnvalue instanceof EndedHere) return returnvalue
  return storedResultSchema.safeParse(returnvalue).data ?? { kind: 'success', result: undefined }
}

/** As its schema gave it back. */
function inputOf(job: Job, given: unknown, definition: AnyJobDefinition | undefined): unknown {
  const here = EndedHere.inputOf(job.returnvalue)
  if (here) return here[0]
  if (INPUT in job) return job[INPUT]
  return definition && inputForWords(definition, given)
}
