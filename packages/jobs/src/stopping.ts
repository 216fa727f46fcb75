import { JobStopped } from './job-stopped.ts'
import { timeInWords } from './time-in-words.ts'

/** How long an attempt may go on after its signal has fired, ms. */
export const GRACE = 1000

/** What ends an attempt from outside. */
export interface Stopping {
  /** Fires when the attempt should stop. */
  readonly signal: AbortSignal
  /** Never resolves; rejects with the signal's reason a second after it has fired. */
  readonly over: Promise<never>
  /** The attempt is over: nothing is watched any more. */
  end(): void
}

/** Watches over one attempt: its signal from outside, and its time limit in ms. */
export function stopping(outside: AbortSignal, timeLimit: number | undefined): Stopping {
  const { promise: over, reject } = rejection()
  const { signal, end: endLimit } =
    timeLimit === undefined ? { signal: outside, end() {} } : limited(outside, timeLimit)
  let grace: NodeJS.Timeout | undefined
  const stop = () => {
    grace = setTimeout(() => reject(signal.reason), GRACE)
  }
  if (signal.aborted) stop()
  else signal.addEventListener('abort', stop, { once: true })
  const end = () => {
    endLimit()
    clearTimeout(grace)
    signal.removeEventListener('abort', stop)
  }
  return { signal, over, end }
}

function limited(outside: AbortSignal, timeLimit: number): { signal: AbortSignal; end(): void } {
  const own = new AbortController()
  const timer = setTimeout(() => {
    own.abort(new JobStopped('time-limit', `It took longer than ${timeInWords(timeLimit)} and was stopped.`))
  }, timeLimit)
  const follow = () => own.abort(outside.reason)
  if (outside.aborted) follow()
  else outside.addEventListener('abort', follow, { once: true })
  const end = () => {
    clearTimeout(timer)
    outside.removeEventListener('abort', follow)
  }
  return { signal: own.signal, end }
}

function rejection(): { promise: Promise<never>; reject: (reason: unknown) => void } {
  let reject: (reason: unknown) => void = () => {}
  const promise = new Promise<never>((_, refuse) => {
    reject = refuse
  })
  return { promise, reject }
}
