import { setTimeout as pause } from 'node:timers/promises'
import { Redis, type RedisOptions } from 'ioredis'
import type { Logger } from 'pino'

/** What a connection is for. It decides how long a command may wait. */
export type RedisRole = 'web' | 'worker'

// A page has to be answered within a second, so a command of the web process gives up first. A worker waits for Redis
// for as long as it takes, but a connection that brings nothing for 12 s is dead (BullMQ asks at least every 10 s).
const ROLES: Record<RedisRole, RedisOptions> = {
  web: { commandTimeout: 700, maxRetriesPerRequest: 1, socketTimeout: 3_000 },
  worker: { maxRetriesPerRequest: null, socketTimeout: 12_000 },
}

/** The options of a lasting connection: it reconnects by itself, after 50 ms at first and 1 s at most. */
export function lastingOptions(address: RedisOptions, role: RedisRole): RedisOptions {
  return {
    ...address,
    ...ROLES[role],
    connectionName: `tidings-${role}`,
    connectTimeout: 3_000,
    lazyConnect: true,
    retryStrategy: attempt => Math.min(50 * 2 ** Math.min(attempt, 10), 1_000),
  }
}

/** The options of a connection for one question: nothing is repeated, and nothing waits for longer than `limit` ms. */
export function briefOptions(address: RedisOptions, limit = 2_000): RedisOptions {
  return {
    ...address,
    commandTimeout: limit,
    connectTimeout: limit,
    enableOfflineQueue: false,
    enableReadyCheck: false,
    lazyConnect: true,
    maxRetriesPerRequest: 0,
    // Otherwise a connection that was closed by the server would keep the process alive for 2 s.
    disconnectTimeout: 50,
    retryStrategy: () => null,
    sentinelRetryStrategy: () => null,
  }
}

/**
 * Opens a connection, asks, and closes it, all within `limit` ms.
 *
 * @throws what ioredis threw: the reason why the connection failed rather than "Connection is closed."
 */
export async function askOnce<Answer>(
  address: RedisOptions,
  ask: (redis: Redis) => Promise<Answer>,
  limit = 2_000,
): Promise<Answer> {
  const redis = new Redis(briefOptions(address, limit))
  const failures: Error[] = []
  redis.on('error', error => failures.push(error))
  const timer = new AbortController()
  const tooLate = pause(limit, undefined, { signal: timer.signal }).then(() => {
    throw new Error('no answer')
  })
  try {
    return await Promise.race([redis.connect().then(() => ask(redis)), tooLate])
  } catch (error) {
    throw failures[0] ?? error
  } finally {
    timer.abort()
    tooLate.catch(() => {})
    if (redis.status !== 'end') redis.disconnect()
  }
}

/** Logs the errors of connections once per outage instead of once per attempt, and says when they are over. */
export class OutageLog {
  readonly #log: Logger
  readonly #place: string
  #down = false

  constructor(log: Logger, place: string) {
    this.#log = log
    this.#place = place
  }

  watch(redis: Redis): void {
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
