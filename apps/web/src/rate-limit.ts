import { createHash } from 'node:crypto'
import type { Redis } from 'ioredis'

/** What `RateLimit` is made of. */
export interface RateLimitOptions {
  redis: Redis
  /** Before each key in Redis: what is limited, as in `{tidings}:logins`. */
  prefix: string
  /** How often in a window. */
  limit: number
  /** How long a window lasts, from what is counted first, in milliseconds. */
  window: number
}

/** Whether one may, and if not, in how many seconds to try again; else 0. */
export interface RateLimitAnswer {
  allowed: boolean
  retryAfter: number
}

/**
 * How often something may happen for a key (a user, an address), counted in Redis for all processes together. Trying
 * again while it is refused doesn't make a window longer. Fails when Redis does: whoever asks answers 503 then.
 */
export class RateLimit {
  readonly limit: number
  readonly #redis: Redis
  readonly #prefix: string
  readonly #window: number

  constructor({ redis, prefix, limit, window }: RateLimitOptions) {
    this.#redis = redis
    this.#prefix = prefix
    this.limit = limit
    this.#window = window
  }

  /** Counts one for this key, where there is room. */
  async take(key: string): Promise<RateLimitAnswer> {
    const name = this.#name(key)
    // In a transaction: a count without an end would refuse for ever.
    const [, count, left] = await this.#run(
      this.#redis.multi().set(name, 0, 'PX', this.#window, 'NX').incr(name).pttl(name),
    )
    return this.#answer(Number(count) <= this.limit, Number(left))
  }

  /** Whether there is room for one more; counts nothing. */
  async look(key: string): Promise<RateLimitAnswer> {
    const name = this.#name(key)
    const [count, left] = await this.#run(this.#redis.multi().get(name).pttl(name))
    return this.#answer(Number(count) < this.limit, Number(left))
  }

  async #run(transaction: ReturnType<Redis['multi']>): Promise<unknown[]> {
    const replies = await transaction.exec()
    return (replies ?? []).map(([error, reply]) => {
      if (error) throw error
      return reply
    })
  }

  #answer(allowed: boolean, left: number): RateLimitAnswer {
    return { allowed, retryAfter: allowed ? 0 : Math.max(1, Math.ceil(left / 1000)) }
  }

  // Keys may be anything that somebody typed, of any length.
  #name(key: string): string {
    return `${this.#prefix}:${createHash('sha256').update(key).digest('base64url')}`
  }
}
