import { SharedTimer } from './within-time.ts'

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
   * Waits for an answer while there is time.
   * @throws Error when the time is over; the answer may still come.
   */
  wait<T>(answer: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const begin = performance.now()
      const timer = SharedTimer.for(Math.max(1, this.#left), begin)
      const late = () => {
        this.#left = 0
        reject(new Error(`no answer within ${this.#limit} ms`))
      }
      const spend = () => {
        timer.end(late)
        this.#left -= Math.ceil(performance.now() - begin)
      }
      timer.start(late)
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
