/** How many jobs a worker may still take; shared by the workers of all shards. */
export class Quota {
  /** Fulfilled when the last one has begun. */
  readonly spent: Promise<void>
  #left: number
  #spend: () => void = () => {}

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
