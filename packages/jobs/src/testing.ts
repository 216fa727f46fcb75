import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { NewMessage } from '@tidings/messages'
import type { JobDefinition } from './define-job.ts'
import { type Log, silentLog } from './log.ts'
import { outcomeMessage } from './outcome.ts'
import { runJob } from './run-job.ts'

/** Options of {@link performJob}. */
export interface PerformOptions {
  /** Default `owner`. */
  owner?: string
  /** Default `job`. */
  jobId?: string
  /** Which attempt this is; default 1. */
  attempt?: number
  /** Default: never fires. */
  signal?: AbortSignal
  /** Default: says nothing. */
  log?: Log
}

/** How one attempt of a job ended. */
export interface Performed<Result> {
  readonly outcome: 'success' | 'partial' | 'failure'
  readonly result?: Result
  /** Whether a failure would have been tried again, had attempts been left. */
  readonly retry: boolean
  /** What the owner would be told, were this the job's end. */
  readonly message: NewMessage
  /** All progress that was reported. */
  readonly progress: readonly { fraction: number; text?: string | undefined }[]
}

/** Runs one attempt of a job in this process, with no Redis: for tests of what a job does and says. */
export async function performJob<Schema extends StandardSchemaV1, Result>(
  definition: JobDefinition<Schema, Result>,
  input: StandardSchemaV1.InferInput<Schema>,
  options: PerformOptions = {},
): Promise<Performed<Result>> {
  const {
    owner = 'owner',
    jobId = 'job',
    attempt = 1,
    log = silentLog,
    signal = new AbortController().signal,
  } = options
  const progress: { fraction: number; text?: string | undefined }[] = []
  const ending = await runJob(definition, input, {
    owner,
    jobId,
    attempt,
    attempts: definition.attempts,
    signal,
    log,
    progress: async (fraction, text) => void progress.push({ fraction, text }),
  })
  const message = outcomeMessage(
    definition,
    { jobId, name: definition.name, owner, input: ending.input },
    ending,
    log,
  )
  if (ending.kind === 'failure') return { outcome: 'failure', retry: ending.retry, message, progress }
  return { outcome: ending.kind, result: ending.result as Result, retry: false, message, progress }
}
