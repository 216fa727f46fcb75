/** How long one request waits for the store at most: all that it asks of it, taken together. */
export class TimeBudget {
  readonly #limit: number
  #left: number

  /** @param limit ms */
  constructor(limit: number) {
    this.#limit = limit
    this.#left = limit
  }

  get isOver(): boolean {
    return this.#left <= 0
  }

  /**
   * Waits for an answer while there is time. One timer and two promises: every page view waits once.
   * @throws Error when the time is over; the answer may still come.
   */
  wait<T>(answer: Promise<T>): Promise<T> {
    const begin = performance.now()
    return new Promise((resolve, reject) => {
      const spend = () => {
        clearTimeout(timer)
        this.#left -= Math.ceil(performance.now() - begin)
      }
      const timer = setTimeout(
        () => {
          this.#left = 0
          reject(new Error(`no answer within ${this.#limit} ms`))
        },
        Math.max(1, this.#left),
      )
      answer.then(
        value => {
          spend()
          resolve(value)
        },
        error => {
          spend()
          reject(error)
        },
      )
    })
  }
}
