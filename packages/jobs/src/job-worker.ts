import type { JobCounters } from './job-counters.ts'
import type { JobQueue } from './job-queue.ts'
import { QueueWorker } from './queue-worker.ts'

/** What a worker is given. */
export interface JobWorkerOptions {
  /** One for each shard. */
  queues: readonly JobQueue[]
  counters: JobCounters
  concurrency: number
  /** ms */
  lockDuration: number
  /** ms */
  stalledInterval: number
}

/** Takes jobs, of all shards, and runs them. Made by `jobs.work()`. */
export class JobWorker {
  readonly #workers: readonly QueueWorker[]

  /**
   * Starts a worker.
   * @throws UnwrappableError where BullMQ's finish script can't be wrapped: no job is taken then.
   */
  static async start({ queues, concurrency, ...options }: JobWorkerOptions): Promise<JobWorker> {
    // Where there are more shards than jobs may run at once, each shard still has one.
    const each = { ...options, concurrency: Math.ceil(concurrency / queues.length) }
    const started = await Promise.allSettled(queues.map(jobs => QueueWorker.start({ jobs, ...each })))
    const workers = started.flatMap(start => (start.status === 'fulfilled' ? [start.value] : []))
    for (const start of started) {
      if (start.status === 'fulfilled') continue
      await Promise.all(workers.map(worker => worker.close({ force: true })))
      throw start.reason
    }
    return new JobWorker(workers)
  }

  private constructor(workers: readonly QueueWorker[]) {
    this.#workers = workers
  }

  /** How many jobs run at this moment. */
  get running(): number {
    return this.#workers.reduce((sum, { running }) => sum + running, 0)
  }

  /**
   * Takes no more jobs, waits for those that run, and closes the worker's connections. With `force` it does not wait: what
   * ran goes back to the queue for another worker, and no attempt is counted for it.
   */
  async close({ force = false }: { force?: boolean } = {}): Promise<void> {
    await Promise.all(this.#workers.map(worker => worker.close({ force })))
  }
}
