import type { AnyJobDefinition } from './define-job.ts'
import { type Log, silentLog } from './log.ts'
import { loggable, shown } from './odd-error.ts'

/** How long to wait before the next attempt. `exponential` doubles `delay` each time; `jitter` (0 to 1) takes up to that part off. */
export interface Backoff {
  readonly type: 'fixed' | 'exponential'
  /** ms */
  readonly delay: number
  readonly jitter?: number
}

/** The same as a function of the attempt that has failed (1 for the first): ms, or -1 to give up. */
export type BackoffFunction = (attempt: number) => number

const CUSTOM = 'tidings'
const GIVE_UP = -1
// Instead of what a definition's function should have returned.
const STAND_IN = 1000
/** The longest pause, ms: 30 days. */
export const LONGEST_PAUSE = 30 * 24 * 60 * 60 * 1000

/** What BullMQ is told when a job is enqueued. */
export function backoffOptions({
  backoff,
}: AnyJobDefinition): { type: string; delay?: number; jitter?: number } | undefined {
  return typeof backoff === 'function' ? { type: CUSTOM } : backoff && { ...backoff }
}

/** For `settings.backoffStrategy` of BullMQ's Worker: asks the function of the job's own definition. */
export function backoffStrategy(
  definitions: ReadonlyMap<string, AnyJobDefinition>,
  log: Log = silentLog,
): (attemptsMade: number, type?: string, error?: Error, job?: { name: string }) => number {
  return (attemptsMade, _type, _error, job) => {
    const definition = job && definitions.get(job.name)
    return definition ? pauseAfter(definition, attemptsMade, log) : STAND_IN
  }
}

/** How long to wait after this attempt has failed, ms; -1 where the job is given up. Nonsense becomes a second, and a log line. */
export function pauseAfter({ name, backoff }: AnyJobDefinition, attempt: number, log: Log): number {
  if (!backoff) return 0
  if (typeof backoff !== 'function') {
    const whole = backoff.type === 'fixed' ? backoff.delay : backoff.delay * 2 ** (attempt - 1)
    return Math.floor(whole * (1 - Math.random() * (backoff.jitter ?? 0)))
  }
  try {
    const pause: unknown = backoff(attempt)
    if (pause === GIVE_UP) return GIVE_UP
    if (typeof pause === 'number' && pause >= 0 && pause <= LONGEST_PAUSE) return Math.round(pause)
    throw new TypeError(`expected 0 to ${LONGEST_PAUSE} ms, or -1 to give up; got ${shown(pause)}`)
  } catch (error) {
    log.error({ err: loggable(error), job: name, attempt }, "a job's own backoff failed: a second instead")
    return STAND_IN
  }
}
