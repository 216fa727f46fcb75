import { checkInput } from './check-input.ts'
import type { AnyJobDefinition } from './define-job.ts'
import { hideError } from './hidden-error.ts'
import { InvalidInputError } from './invalid-input-error.ts'
import type { JobContext } from './job-context.ts'
import { readJobFailure } from './job-failure.ts'
import { JobStopped, readOwnStop } from './job-stopped.ts'
import type { Log } from './log.ts'
import { loggable, text } from './odd-error.ts'
import { isPartial } from './partial-result.ts'
import type { ProgressSink } from './progress.ts'
import { type Run, RunContext } from './run-context.ts'
import type { SandboxPool } from './sandbox-pool.ts'
import { moduleOf } from './sandboxed.ts'
import type { Stop } from './stop.ts'
import { stopping } from './stopping.ts'

export { hideError } from './hidden-error.ts'

/** How one attempt ended. `input` is what the schema made of it; a `reason` is safe to show; an `error` is safe to log. */
export type Ending = { readonly input: unknown } & (
  | { readonly kind: 'success'; readonly result: unknown }
  | { readonly kind: 'partial'; readonly result: unknown }
  | { readonly kind: 'failure'; readonly reason: string; readonly retry: boolean; readonly error: Error }
  | { readonly kind: 'cancelled'; readonly reason: string; readonly error: Error }
)

/** What an attempt is given besides its input. */
export interface Attempt extends Omit<JobContext<unknown>, 'input' | 'progress' | 'signal'> {
  /** What stops it from outside. */
  readonly signal: AbortSignal | Stop
  /** Takes the job's progress. It is asked for when there is some. */
  readonly progress: ProgressSink
  /** Where sandboxed jobs run; default: a child process for this attempt alone. */
  readonly sandboxes?: SandboxPool
}

const MAX_REASON = 2000

/** Runs one attempt of a job, within its time limit, and says how it ended; it never throws. */
export async function runJob(
  definition: AnyJobDefinition,
  input: unknown,
  attempt: Attempt,
): Promise<Ending> {
  let over: (reason: unknown) => void = () => {}
  const { stop, end } = stopping(attempt.signal, definition.timeLimit, reason => over(reason))
  const run: Run = { input, isOver: false, hasProgress: false }
  try {
    const ending = await new Promise<Awaited<ReturnType<typeof work>>>((resolve, reject) => {
      over = reject
      work(definition, run, stop, attempt).then(resolve, reject)
    })
    return { input: run.input, ...ending }
  } catch (error) {
    return { input: run.input, ...failure(error, stop, attempt.log) }
  } finally {
    run.isOver = true
    end()
    const lastWrite = run.hasProgress ? attempt.progress.end?.() : undefined
    if (lastWrite) await lastWrite
  }
}

async function work(definition: AnyJobDefinition, run: Run, stop: Stop, job: Attempt) {
  const { sandboxes } = job
  if (stop.isStopped) throw stop.reason
  const checked = checkInput(definition, run.input)
  run.input = checked instanceof Promise ? await checked : checked
  const context = new RunContext(run, stop, job)
  const module = sandboxes && moduleOf(definition)
  const returned: unknown = module ? await sandboxes.run(module, context) : await definition.run(context)
  const ending = isPartial(returned)
    ? ({ kind: 'partial', result: returned.result } as const)
    : ({ kind: 'success', result: returned } as const)
  checkResult(ending.result)
  return ending
}

/** A result is stored as JSON: one that can't be is no result. */
function checkResult(result: unknown): void {
  try {
    JSON.stringify(result)
  } catch (cause) {
    throw Object.assign(new TypeError('the result of the job is no JSON', { cause }), { name: UNRECOVERABLE })
  }
}

const UNRECOVERABLE = 'UnrecoverableError'

function failure(thrown: unknown, stop: Stop, log: Log) {
  const error = loggable(thrown)
  // A job may cancel itself, and say why, also while it is being cancelled.
  const own = readOwnStop(thrown)
  const stopped = own ?? (stop.isStopped ? stopOf(stop) : undefined)
  // An attempt that heeds its signal has no more to tell than why: its stack is the road by which the signal came.
  const facts = own || heeded(error, stop) ? { reason: stopped?.message } : { err: error }
  if (stopped?.code === 'cancelled') {
    log.info(facts, 'job cancelled')
    return { kind: 'cancelled', reason: stopped.message.slice(0, MAX_REASON), error } as const
  }
  const told = readJobFailure(thrown)
  if (told) {
    const reason = told.text.slice(0, MAX_REASON).trim()
    return { kind: 'failure', reason: reason || hideError(thrown, log), retry: told.retry, error } as const
  }
  if (stopped) {
    log.warn(facts, `attempt stopped: ${stopped.code}`)
    return { kind: 'failure', reason: stopped.message, retry: true, error } as const
  }
  // What the schema said is written for whoever enqueues, not for the owner; trying again can't change it.
  const isFinal = text(thrown, 'name') === UNRECOVERABLE || error.name === InvalidInputError.name
  return { kind: 'failure', reason: hideError(thrown, log), retry: !isFinal, error } as const
}

function heeded({ name }: Error, { reason }: Stop): boolean {
  return reason instanceof JobStopped && (name === 'AbortError' || name === reason.name)
}

/** Why the attempt was stopped; a signal of somebody else's counts as an interruption. */
function stopOf({ reason }: Stop): JobStopped {
  return reason instanceof JobStopped ? reason : new JobStopped('shutdown', 'It was interrupted.')
}
