import { randomInt } from 'node:crypto'
import { checkInput } from './check-input.ts'
import type { AnyJobDefinition, JobContext } from './define-job.ts'
import { InvalidInputError } from './invalid-input-error.ts'
import { JobFailure } from './job-failure.ts'
import type { Log } from './log.ts'
import { PartialResult } from './partial-result.ts'

/** How one attempt ended. `input` is what the schema made of it; a failure's `reason` is safe to show. */
export type Ending = { readonly input: unknown } & (
  | { readonly kind: 'success'; readonly result: unknown }
  | { readonly kind: 'partial'; readonly result: unknown }
  | { readonly kind: 'failure'; readonly reason: string; readonly retry: boolean; readonly error: unknown }
)

/** What an attempt is given besides its input. */
export type Attempt = Omit<JobContext<unknown>, 'input'>

/** Runs one attempt of a job, within its time limit, and says how it ended; it never throws. */
export async function runJob(
  definition: AnyJobDefinition,
  input: unknown,
  attempt: Attempt,
): Promise<Ending> {
  let checked = input
  try {
    checked = await checkInput(definition, input)
    const returned: unknown = await withinLimit(definition, attempt, signal =>
      definition.run({ ...attempt, signal, input: checked }),
    )
    if (returned instanceof PartialResult) return { input: checked, kind: 'partial', result: returned.result }
    return { input: checked, kind: 'success', result: returned }
  } catch (error) {
    return { input: checked, ...failure(error, attempt.log) }
  }
}

/** The fixed sentence for what a user can't be told, and a line in the log under the same reference. */
export function hideError(error: unknown, log: Log): string {
  const reference = shortReference()
  log.error({ err: loggable(error), reference }, 'job failed')
  return `Something went wrong on our side (reference ${reference}).`
}

function failure(error: unknown, log: Log) {
  if (error instanceof JobFailure)
    return { kind: 'failure', reason: error.message, retry: error.retry, error } as const
  // What the schema said is written for whoever enqueues, not for the owner; trying again can't change it.
  const isFinal =
    error instanceof InvalidInputError || (error instanceof Error && error.name === 'UnrecoverableError')
  return { kind: 'failure', reason: hideError(error, log), retry: !isFinal, error } as const
}

async function withinLimit<T>(
  { timeLimit }: AnyJobDefinition,
  { signal }: Attempt,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  if (timeLimit === undefined) return run(signal)
  const limit = new AbortController()
  const both = AbortSignal.any([signal, limit.signal])
  const { promise: late, reject } = rejection()
  const timer = setTimeout(() => {
    const failure = new JobFailure(`It took longer than ${words(timeLimit)} and was stopped.`)
    reject(failure)
    limit.abort(failure)
  }, timeLimit)
  try {
    return await Promise.race([run(both), late])
  } finally {
    clearTimeout(timer)
  }
}

function rejection(): { promise: Promise<never>; reject: (error: Error) => void } {
  let reject: (error: Error) => void = () => {}
  const promise = new Promise<never>((_, refuse) => {
    reject = refuse
  })
  return { promise, reject }
}

function words(ms: number): string {
  if (ms < 1000) return `${ms} milliseconds`
  const [amount, unit] = ms < 120_000 ? [ms / 1000, 'second'] : [ms / 60_000, 'minute']
  const rounded = Math.round(amount)
  return `${rounded} ${unit}${rounded === 1 ? '' : 's'}`
}

// Without letters and digits that are read for one another on the telephone.
const REFERENCE_LETTERS = '23456789ABCDEFGHJKMNPQRSTVWXYZ'

function shortReference(): string {
  return Array.from({ length: 6 }, () => REFERENCE_LETTERS[randomInt(REFERENCE_LETTERS.length)]).join('')
}

const MAX_LOGGED = 10_000

/** Anything that can be thrown, as an error that a log can hold. */
function loggable(thrown: unknown): Error {
  if (!(thrown instanceof Error)) return new Error(`not an error was thrown: ${describe(thrown)}`)
  const { message = '', stack = '' } = thrown
  if (message.length + stack.length <= MAX_LOGGED) return thrown
  const cut = new Error(`${message.slice(0, MAX_LOGGED / 2)}…`)
  cut.stack = `${stack.slice(0, MAX_LOGGED / 2)}…`
  return cut
}

function describe(thrown: unknown): string {
  try {
    return String(typeof thrown === 'object' ? JSON.stringify(thrown) : thrown).slice(0, MAX_LOGGED)
  } catch {
    return typeof thrown
  }
}
