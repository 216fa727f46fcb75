import { setTimeout as pause } from 'node:timers/promises'

// Between two tries, ms. Seldom enough for a Redis that has just come back, and often enough that no page comes first.
const FIRST_WAIT = 50
const MOST_WAIT = 400

/** When a step is given up. */
export interface Patience {
  /** ms since 1970. */
  readonly until: number
  /** Whether to take the step again is of no use after this. */
  isHopeless(error: unknown): boolean
}

/** Steps that had no answer, by the reading that they are of, which is one reader's alone: each is repeated until it has one. */
export class Unanswered {
  readonly #steps = new Map<string, Set<() => Promise<unknown>>>()

  /**
   * Takes a step, and repeats it at growing distances until it succeeds or patience ends. It must be one that can be taken twice.
   * @throws what the step threw last.
   */
  async repeat(
    reading: string,
    step: () => Promise<unknown>,
    { until, isHopeless }: Patience,
  ): Promise<void> {
    try {
      for (let wait = FIRST_WAIT; ; wait = Math.min(2 * wait, MOST_WAIT)) {
        try {
          await step()
          return
        } catch (error) {
          if (Date.now() + wait > until || isHopeless(error)) throw error
          this.#add(reading, step)
          await pause(wait)
        }
      }
    } finally {
      this.#remove(reading, step)
    }
  }

  /** Takes the steps of these lists once more, now: before what is asked of the same lists next. */
  hurry(lists: readonly { readonly reading: string }[]): void {
    // By far most of the time there is none.
    if (this.#steps.size === 0) return
    for (const { reading } of lists) {
      for (const step of this.#steps.get(reading) ?? []) step().catch(() => {}) // it is repeated all the same
    }
  }

  #add(reading: string, step: () => Promise<unknown>): void {
    const steps = this.#steps.get(reading)
    if (steps) steps.add(step)
    else this.#steps.set(reading, new Set([step]))
  }

  #remove(reading: string, step: () => Promise<unknown>): void {
    const steps = this.#steps.get(reading)
    if (steps?.delete(step) && steps.size === 0) this.#steps.delete(reading)
  }
}
