import type { Cluster, Redis } from 'ioredis'
import type { JobQueue } from './job-queue.ts'
import { JobStopped } from './job-stopped.ts'

// A hint may be lost: how often a worker that runs jobs asks which of them are cancelled.
const ASK_EVERY = 5000

/** Hears which jobs are cancelled while this worker runs them. */
export class Cancellations {
  readonly #jobs: JobQueue
  readonly #connection: Redis | Cluster
  readonly #running = new Map<string, AbortController>()
  readonly #asking: NodeJS.Timeout

  /** @param connection of its own, closed with it */
  constructor(jobs: JobQueue, connection: Redis | Cluster) {
    this.#jobs = jobs
    this.#connection = connection
    connection.on('error', err => jobs.options.log.debug({ err }, 'cancellations are not heard for now'))
    connection.on('message', (_channel: string, id: string) => this.#stop(id))
    connection.subscribe(jobs.key('cancel')).catch(() => {}) // asking finds what isn't heard
    this.#asking = setInterval(() => void this.#ask(), ASK_EVERY)
    this.#asking.unref()
  }

  /** A job begins; the signal fires when it is cancelled. Begun by two at once, each is told. */
  begin(id: string): AbortSignal {
    const controller = new AbortController()
    this.#running.set(id, controller)
    return controller.signal
  }

  /** The job is over here. */
  async end(id: string, signal: AbortSignal): Promise<void> {
    if (this.#running.get(id)?.signal === signal) this.#running.delete(id)
    if (signal.aborted) await this.#jobs.options.redis.srem(this.#jobs.key('cancelling'), id).catch(() => {})
  }

  close(): void {
    clearInterval(this.#asking)
    this.#connection.disconnect()
  }

  #stop(id: string): void {
    this.#running.get(id)?.abort(new JobStopped('cancelled'))
  }

  async #ask(): Promise<void> {
    const ids = [...this.#running.keys()]
    if (ids.length === 0) return
    try {
      const flags = await this.#jobs.options.redis.smismember(this.#jobs.key('cancelling'), ...ids)
      ids.forEach((id, i) => {
        if (flags[i] === 1) this.#stop(id)
      })
    } catch {
      // the next time
    }
  }
}
