import type { MemoryJob } from './memory-job.ts'

/** The jobs of a {@link MemoryJobs}, oldest first. */
export class MemoryJobList {
  readonly #jobs = new Map<string, MemoryJob>()

  add(job: MemoryJob): void {
    this.#jobs.set(job.options.id, job)
  }

  /** A job; `undefined` where there is none, or it is not this owner's. */
  find(id: string, owner: string | undefined): MemoryJob | undefined {
    const job = this.#jobs.get(id)
    return owner === undefined || job?.options.owner === owner ? job : undefined
  }

  /** The owner's jobs, newest first. */
  of(owner: string): MemoryJob[] {
    return [...this.#jobs.values()].filter(job => job.options.owner === owner).reverse()
  }

  /** The owner's unfinished job with this key. */
  twin(name: string, owner: string, unique: string): MemoryJob | undefined {
    return this.of(owner).find(
      ({ options, ending }) => !ending && options.definition.name === name && options.unique === unique,
    )
  }

  /** The job that is to run next. Those without a priority (0) are before all that have one, as in BullMQ. */
  next(): MemoryJob | undefined {
    const waiting = [...this.#jobs.values()].filter(job => job.isWaiting)
    return waiting.sort((a, b) => a.options.priority - b.options.priority)[0]
  }
}
