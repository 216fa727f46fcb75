import type { Cluster, Redis } from 'ioredis'
import type { JobQueue } from './job-queue.ts'
import { JobStopped, type StopCode } from './job-stopped.ts'
import { Slots } from './slots.ts'
import { Stop } from './stop.ts'

// A hint may be lost: how often a worker that runs jobs asks which of them are cancelled.
const ASK_EVERY = 5000

/** A job that runs here, and what stops it. */
class Running extends Stop {
  readonly id: string

  constructor(id: string) {
    super()
    this.id = id
  }
}

/** Hears which jobs are cancelled while this worker runs them. */
export class Cancellations {
  readonly #jobs: JobQueue
  readonly #connection: Redis | Cluster
  readonly #running = new Slots<Running>()
  readonly #asking: NodeJS.Timeout

  /** @param connection of its own, closed with it */
  constructor(jobs: JobQueue, connection: Redis | Cluster) {
    this.#jobs = jobs
    this.#connection = connection
    connection.on('error', err => jobs.options.log.debug({ err }, 'cancellations are not heard for now'))
    connection.on('message', (_channel: string, id: string) => this.stop(id, 'cancelled'))
    connection.subscribe(jobs.key('cancel')).catch(() => {}) // asking finds what isn't heard
    this.#asking = setInterval(() => void this.#ask(), ASK_EVERY)
    this.#asking.unref()
  }

  /** A job begins; what it gives is stopped when the job is cancelled. */
  begin(id: string): Running {
    const running = new Running(id)
    this.#running.add(running)
    return running
  }

  /** Stops a job, if it runs here. */
  stop(id: string, code: StopCode): void {
    for (const running of this.#running) if (running.id === id) running.stop(new JobStopped(code))
  }

  /** The job is over here. */
  end(running: Running): void {
    this.#running.delete(running)
    // One that was left for another reason is still to be cancelled, where it runs next.
    if (running.reason instanceof JobStopped && running.reason.code === 'cancelled')
      this.#jobs.options.redis.srem(this.#jobs.key('cancelling'), running.id).catch(() => {})
  }

  close(): void {
    clearInterval(this.#asking)
    this.#connection.disconnect()
  }

  async #ask(): Promise<void> {
    const ids = Array.from(this.#running, ({ id }) => id)
    if (ids.length === 0) return
    try {
      const flags = await this.#jobs.options.redis.smismember(this.#jobs.key('cancelling'), ...ids)
      ids.forEach((id, i) => {
        if (flags[i] === 1) this.stop(id, 'cancelled')
      })
    } catch {
      // the next time
    }
  }
}
