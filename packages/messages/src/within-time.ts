/**
 * What a promise answers, if it does so in time.
 * @param limit ms
 * @throws Error when the time is over; the promise's own answer is then ignored.
 */
export function withinTime<T>(limit: number, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = SharedTimer.for(limit, performance.now())
    const late = () => reject(new Error(`no answer within ${limit} ms`))
    timer.start(late)
    promise.then(
      value => {
        timer.end(late)
        resolve(value)
      },
      error => {
        timer.end(late)
        reject(error)
      },
    )
  })
}

// A wait may end so much later than its time: a part of it, and ms at most.
const LATENESS = 0.1
const MOST_LATENESS = 20

/** One timer for all that begin to wait at about the same moment, and as long: under load each page view waits. */
export class SharedTimer {
  static readonly #open = new Map<number, SharedTimer>()

  readonly #limit: number
  /** Until when others may join. */
  readonly #until: number
  readonly #timer: NodeJS.Timeout
  readonly #waiting = new Set<() => void>()

  private constructor(limit: number, now: number) {
    const lateness = Math.min(MOST_LATENESS, limit * LATENESS)
    this.#limit = limit
    this.#until = now + lateness
    this.#timer = setTimeout(() => this.#ring(), limit + lateness)
  }

  /** @param now by `performance.now()` */
  static for(limit: number, now: number): SharedTimer {
    const open = SharedTimer.#open.get(limit)
    if (open && now < open.#until) return open
    const timer = new SharedTimer(limit, now)
    SharedTimer.#open.set(limit, timer)
    return timer
  }

  /** Calls `late` when the time is over, unless it has ended before. */
  start(late: () => void): void {
    if (this.#waiting.size === 0) this.#timer.ref()
    this.#waiting.add(late)
  }

  /** To be called with what was started, when it waits no more. */
  end(late: () => void): void {
    this.#waiting.delete(late)
    // To stop it and begin another for the next page would be dearer; but it keeps no process alive.
    if (this.#waiting.size === 0) this.#timer.unref()
  }

  #ring(): void {
    if (SharedTimer.#open.get(this.#limit) === this) SharedTimer.#open.delete(this.#limit)
    for (const late of this.#waiting) late()
  }
}
