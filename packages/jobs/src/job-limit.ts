/** How many jobs may still be taken; shared by all the workers that are given it, of however many queues. */
export class JobLimit {
  /** Fulfilled when the last one has begun. */
  readonly spent: Promise<void>
  #left: number
  #spend: () => void = () => {}

  /** @param most default: no limit */
  constructor(most = Infinity) {
    this.#left = most
    this.spent = new Promise(resolve => {
      this.#spend = resolve
    })
  }

  /** Whether one more may begin: then it is counted. */
  take(): boolean {
    if (this.#left <= 0) return false
    if (--this.#left === 0) this.#spend()
    return true
  }
}
