const WINDOW = 5_000

/** How far a worker is, in a line for people. */
export class Tally {
  #done = 0
  #failed = 0
  /** When the latest jobs ended, in ms. */
  #ends: number[] = []

  /** A job has ended. */
  count(outcome: string, now = Date.now()): void {
    if (outcome === 'failure') this.#failed++
    else this.#done++
    this.#ends.push(now)
  }

  /** What is told at the bottom of a terminal. */
  line(running: number, now = Date.now()): string {
    const since = now - WINDOW
    const first = this.#ends.findIndex(end => end >= since)
    this.#ends = first < 0 ? [] : this.#ends.slice(first)
    const rate = (this.#ends.length / WINDOW) * 1000
    const perSecond = rate >= 10 ? rate.toFixed(0) : rate.toFixed(1)
    return `${running} running · ${this.#done} done · ${this.#failed} failed · ${perSecond} per second`
  }
}
