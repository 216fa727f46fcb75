import type { JobCounters } from './job-counters.ts'
import type { JobEnd } from './job-end.ts'
import { JobLimit } from './job-limit.ts'
import type { JobQueue } from './job-queue.ts'
import { QueueWorker } from './queue-worker.ts'
import { RegisteredWorker } from './worker-register.ts'

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
  /** After so many it takes no more. */
  maxJobs?: number | JobLimit | undefined
  /** Shown among the workers that live. */
  version?: string | undefined
  onEnded?: ((end: JobEnd) => void) | undefined
}

/** Takes jobs, of all shards, and runs them. Made by `jobs.work()`. */
export class JobWorker {
  readonly #workers: readonly QueueWorker[]
  readonly #limit: JobLimit
  #registered: RegisteredWorker | undefined

  /**
   * Starts a worker.
   * @throws UnwrappableError where BullMQ's finish script can't be wrapped: no job is taken then.
   */
  static async start({
    queues,
    concurrency,
    maxJobs,
    version,
    ...options
  }: JobWorkerOptions): Promise<JobWorker> {
    // Where there are more shards than jobs may run at once, each shard still has one.
    const limit = maxJobs instanceof JobLimit ? maxJobs : new JobLimit(maxJobs)
    const each = { ...options, limit, concurrency: Math.ceil(concurrency / queues.length) }
    const started = await Promise.allSettled(queues.map(jobs => QueueWorker.start({ jobs, ...each })))
    const workers = started.flatMap(start => (start.status === 'fulfilled' ? [start.value] : []))
    for (const start of started) {
      if (start.status === 'fulfilled') continue
      await Promise.all(workers.map(worker => worker.close({ force: true })))
      throw start.reason
    }
    const worker = new JobWorker(workers, limit)
    const [first] = queues
    if (first)
      worker.#registered = await RegisteredWorker.enter(
        first,
        { version, concurrency: each.concurrency * queues.length },
        () => worker.running,
      )
    return worker
  }

  /** Makes sure that a worker could be started here, and takes no job. @throws UnwrappableError as {@link start} does. */
  static async check({ queues, maxJobs, version, ...options }: JobWorkerOptions): Promise<void> {
    const each = { ...options, limit: new JobLimit() }
    for (const jobs of queues) await QueueWorker.check({ jobs, ...each })
  }

  private constructor(workers: readonly QueueWorker[], limit: JobLimit) {
    this.#workers = workers
    this.#limit = limit
  }

  /** How many jobs run at this moment. */
  get running(): number {
    return this.#workers.reduce((sum, { running }) => sum + running, 0)
  }

  /** Fulfilled when the last of `maxJobs` has begun: it takes no more, and can be closed. */
  get spent(): Promise<void> {
    return this.#limit.spent
  }

  /**
   * When Redis last answered this worker, as `Date.now()` tells it: it asked for a job, ended one, or renewed a lock. Where
   * there are several shards, the one that has waited longest counts. A worker asks every 10 s at least; one whose last
   * contact is longer ago doesn't take jobs, whatever other connections say.
   */
  get lastContact(): number {
    return Math.min(...this.#workers.map(({ lastContact }) => lastContact))
  }

  /**
   * Takes no more jobs, waits for those that run, and closes the worker's connections. With `force` it does not wait: what
   * ran goes back to the queue for another worker, and no attempt is counted for it.
   */
  async close({ force = false }: { force?: boolean } = {}): Promise<void> {
    // Until the last job has ended it is there; one that leaves at once doesn't wait to say so.
    if (force) await Promise.all([this.#registered?.leave(), ...this.#closings(force)])
    else {
      await Promise.all(this.#closings(force))
      await this.#registered?.leave()
    }
  }

  #closings(force: boolean): Promise<void>[] {
    return this.#workers.map(worker => worker.close({ force }))
  }
}
