/**
 * What is counted: jobs that ended in each way, jobs that were picked up again because their worker died (`stalled`), and of
 * the sweep: owners told of what ended without our worker, owners reminded, messages delivered after all.
 */
export type JobsEvent =
  | 'success'
  | 'partial'
  | 'failure'
  | 'cancelled'
  | 'retried'
  | 'stalled'
  | 'told'
  | 'reminded'
  | 'delivered'

export type JobsCounts = Readonly<Record<JobsEvent, number>>

/** Counts what happens to jobs in this process. */
export class JobCounters {
  readonly #onEvent: ((event: JobsEvent, count: number) => void) | undefined
  readonly #counts: Record<JobsEvent, number> = {
    success: 0,
    partial: 0,
    failure: 0,
    cancelled: 0,
    retried: 0,
    stalled: 0,
    told: 0,
    reminded: 0,
    delivered: 0,
  }

  constructor(onEvent?: (event: JobsEvent, count: number) => void) {
    this.#onEvent = onEvent
  }

  get counts(): JobsCounts {
    return { ...this.#counts }
  }

  count(event: JobsEvent, count = 1): void {
    if (count === 0) return
    this.#counts[event] += count
    this.#onEvent?.(event, count)
  }
}
