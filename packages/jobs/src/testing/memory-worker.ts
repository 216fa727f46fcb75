/** Runs the jobs of a {@link MemoryJobs} as they come. */
export class MemoryWorker {
  readonly #concurrency: number
  readonly #next: () => (() => Promise<void>) | undefined
  readonly #running = new Set<Promise<void>>()
  #isClosed = false

  /** @param next takes a job, and gives what runs it */
  constructor(concurrency: number, next: () => (() => Promise<void>) | undefined) {
    this.#concurrency = concurrency
    this.#next = next
  }

  /** How many jobs run at this moment. */
  get running(): number {
    return this.#running.size
  }

  /** Takes no more jobs; resolves when those that run have ended. */
  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all(this.#running)
  }

  /** There may be a job to take. */
  look(): void {
    while (!this.#isClosed && this.running < this.#concurrency) {
      const run = this.#next()
      if (!run) return
      const over = run().finally(() => {
        this.#running.delete(over)
        this.look()
      })
      this.#running.add(over)
    }
  }
}
