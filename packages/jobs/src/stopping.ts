import { JobStopped } from './job-stopped.ts'
import { Stop } from './stop.ts'
import { timeInWords } from './time-in-words.ts'

/** How long an attempt may go on after its signal has fired, ms. */
export const GRACE = 1000

/** What ends an attempt from outside. */
export interface Stopping {
  readonly stop: Stop
  /** The attempt is over: nothing is watched any more. */
  end(): void
}

/**
 * Watches over one attempt: what stops it from outside, and its time limit in ms.
 * @param over told the reason a second after the attempt was stopped
 */
export function stopping(
  outside: AbortSignal | Stop,
  timeLimit: number | undefined,
  over: (reason: unknown) => void,
): Stopping {
  const stop = outside instanceof Stop ? outside : new Stop()
  let grace: NodeJS.Timeout | undefined
  stop.whenStopped(() => {
    grace = setTimeout(() => over(stop.reason), GRACE)
  })
  const unfollow = outside instanceof Stop ? undefined : follow(outside, stop)
  const limit = timeLimit === undefined ? undefined : setTimeout(stopLate, timeLimit, stop, timeLimit)
  const end = () => {
    unfollow?.()
    clearTimeout(limit)
    clearTimeout(grace)
    stop.whenStopped(undefined)
  }
  return { stop, end }
}

function stopLate(stop: Stop, timeLimit: number): void {
  stop.stop(new JobStopped('time-limit', `It took longer than ${timeInWords(timeLimit)} and was stopped.`))
}

function follow(signal: AbortSignal, stop: Stop): () => void {
  const heed = () => stop.stop(signal.reason)
  if (signal.aborted) heed()
  else signal.addEventListener('abort', heed, { once: true })
  return () => signal.removeEventListener('abort', heed)
}
