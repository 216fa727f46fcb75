/** Why a running job is to stop. */
export type StopCode = 'cancelled' | 'time-limit' | 'lost-lock' | 'shutdown'

const TEXTS: Readonly<Record<StopCode, string>> = {
  cancelled: 'It was cancelled.',
  'time-limit': 'It took too long and was stopped.',
  'lost-lock': 'It was interrupted: its lock was lost, and another worker may have it.',
  shutdown: 'It was interrupted: its worker leaves.',
}

/** The reason of a job's signal. Its name is `TimeoutError` at a time limit and `AbortError` otherwise, as Node's own have it. */
export class JobStopped extends Error {
  override readonly name: 'TimeoutError' | 'AbortError'
  readonly code: StopCode

  /** @param text for the job's owner, where it is cancelled or has taken too long; default: a fixed sentence */
  constructor(code: StopCode, text: string = TEXTS[code]) {
    super(text)
    this.code = code
    this.name = code === 'time-limit' ? 'TimeoutError' : 'AbortError'
  }
}

/** Why a job has cancelled itself; `undefined` for whatever else was thrown, and for what can't even be asked. */
export function readOwnStop(thrown: unknown): Pick<JobStopped, 'code' | 'message'> | undefined {
  try {
    if (!(thrown instanceof JobStopped && thrown.code === 'cancelled')) return undefined
    return { code: thrown.code, message: String(thrown.message) }
  } catch {
    return undefined
  }
}
