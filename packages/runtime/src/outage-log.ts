import type { Cluster, Redis } from 'ioredis'
import type { Logger } from 'pino'

/** Logs the errors of connections once per outage instead of once per attempt, and says when they are over. */
export class OutageLog {
  readonly #log: Logger
  readonly #place: string
  #down = false

  constructor(log: Logger, place: string) {
    this.#log = log
    this.#place = place
  }

  watch(redis: Redis | Cluster): void {
    redis.on('error', error => {
      if (this.#down) return
      this.#down = true
      this.#log.warn(
        { err: { message: error.message } },
        `no connection to ${this.#place}; trying again until it answers`,
      )
    })
    redis.on('ready', () => {
      if (!this.#down) return
      this.#down = false
      this.#log.info(`connected to ${this.#place} again`)
    })
  }
}
