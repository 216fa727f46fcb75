import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { NewMessage } from '@tidings/messages'
import { checkNewInput } from '../check-input.ts'
import type { JobDefinition } from '../define-job.ts'
import { type Log, silentLog } from '../log.ts'
import { outcomeMessage, startedMessage } from '../outcome.ts'
import type { Progress } from '../progress.ts'
import { runAttempts } from './run-attempts.ts'

/** Options of {@link performJob}. */
export interface PerformOptions {
  /** Default `owner`. */
  owner?: string
  /** Default `job`. */
  jobId?: string
  /** Runs this attempt alone. Default: all, from the first one on, until the job has ended. */
  attempt?: number
  /** Abort it with `new JobStopped('cancelled')` to cancel the job. Default: never fires. */
  signal?: AbortSignal
  /** Default: says nothing. */
  log?: Log
}

/** How a job ended. */
export interface Performed<Result> {
  readonly outcome: 'success' | 'partial' | 'failure' | 'cancelled'
  readonly result?: Result
  /** Of a failure or a cancelled job, as its owner may see it. */
  readonly reason?: string
  /** Whether a failure would have been tried again, had attempts been left. */
  readonly retry: boolean
  /** The attempt that was made last. */
  readonly attempt: number
  /** How long a worker would have waited after each attempt that failed before it, ms. Here, nobody waits. */
  readonly waits: readonly number[]
  /** What the owner would be told of the job's end. */
  readonly message: NewMessage
  /** All that the owner would be told: that it was taken, if the definition says so, and how it ended. */
  readonly messages: readonly NewMessage[]
  /** All progress that was reported. */
  readonly progress: readonly Progress[]
}

/**
 * Runs one job in this process, with no Redis: for tests of what a job does and says.
 * @throws InvalidInputError where the definition's schema refuses the input, as `enqueue` does.
 */
export async function performJob<Schema extends StandardSchemaV1, Result>(
  definition: JobDefinition<Schema, Result>,
  input: StandardSchemaV1.InferInput<Schema>,
  options: PerformOptions = {},
): Promise<Performed<Result>> {
  const {
    owner = 'owner',
    jobId = 'job',
    attempt: only,
    log = silentLog,
    signal = new AbortController().signal,
  } = options
  const { name, attempts } = definition
  const facts = { jobId, name, owner }
  const started = startedMessage(definition, { ...facts, input: await checkNewInput(definition, input) }, log)
  const progress: Progress[] = []
  const { ending, attempt, waits } = await runAttempts({
    definition,
    input,
    owner,
    jobId,
    attempt: only ?? 1,
    attempts,
    again: only === undefined,
    signal,
    log,
    report: report => void progress.push(report),
  })
  const message = outcomeMessage(definition, { ...facts, input: ending.input }, ending, log)
  const messages = started ? [started, message] : [message]
  const told = { attempt, waits, message, messages, progress, outcome: ending.kind }
  if (ending.kind === 'failure') return { ...told, reason: ending.reason, retry: ending.retry }
  if (ending.kind === 'cancelled') return { ...told, reason: ending.reason, retry: false }
  return { ...told, result: ending.result as Result, retry: false }
}
