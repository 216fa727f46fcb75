import type { JobWorker } from '@tidings/jobs'

/** A worker asks for jobs every 10 s at least: one that has heard nothing for longer takes none. */
export const SILENT_AFTER = 15_000

/** Whether a worker can do its work, as its health port tells it. */
export class Readiness {
  #workers: readonly JobWorker[] = []
  #why: string | undefined = 'it is starting'

  /** The workers take jobs. */
  working(workers: readonly JobWorker[]): void {
    this.#workers = workers
    this.#why = undefined
  }

  /** It takes no more. */
  stopping(): void {
    this.#why = 'it is stopping'
  }

  /** When Redis last answered a worker, in ms since 1970; `undefined` where none works. */
  get lastContact(): number | undefined {
    return this.#workers.length === 0
      ? undefined
      : Math.min(...this.#workers.map(({ lastContact }) => lastContact))
  }

  /** Why not, in a few words; `undefined` when it can. */
  whyNot(now = Date.now()): string | undefined {
    const { lastContact } = this
    if (this.#why !== undefined || lastContact === undefined) return this.#why
    const silence = now - lastContact
    if (silence <= SILENT_AFTER) return undefined
    return `Redis has not answered it for ${Math.round(silence / 1000)} s, so that it takes no jobs`
  }
}
