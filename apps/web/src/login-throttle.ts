import { createHash } from 'node:crypto'
import { atMost, TooBusyError, type User } from '@tidings/blog'
import type { Redis } from 'ioredis'
import { networkOf } from './network-of.ts'
import { RateLimit } from './rate-limit.ts'

/** How an attempt to prove a password ended. `retryAfter` is in seconds. */
export type LoginAnswer =
  | { outcome: 'right'; user: User }
  | { outcome: 'wrong' }
  | { outcome: 'throttled' | 'busy'; retryAfter: number }

/** An attempt: for which account, from where, and whether somebody still waits for it. */
export interface LoginAttempt {
  /** The name as it was typed: one that nobody has is treated alike. */
  account: string
  address: string
  isGone?: () => boolean
}

/** What {@link LoginThrottle} is made of. */
export interface LoginThrottleOptions {
  redis: Redis
  prefix: string
  perMinute: number
  /** How long an attempt may wait for its turn, ms; default 20 s. */
  waitsWithin?: number
}

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE
const BUSY_SECONDS = 10
// Less than the answer to a login may take.
const WAITS_WITHIN = 20_000

// An attacker at many addresses needs more to shut somebody out of a new device; on a known one they can't.
const ACCOUNT_FACTOR = 10
// People behind one address share it.
const ADDRESS_FACTOR = 5
const KNOWN_FOR = 30 * DAY

/**
 * Lets passwords be tried two at a time and so many a minute, counted for all processes in Redis: failed attempts for an account
 * from an address, from an address for any account, and for an account from addresses where its owner hasn't logged in before.
 * Right ones aren't counted. Fails when Redis does: nobody gets in uncounted.
 */
export class LoginThrottle {
  readonly #redis: Redis
  readonly #prefix: string
  readonly #pair: RateLimit
  readonly #address: RateLimit
  readonly #account: RateLimit
  // A hash costs 128 MB and half a second: two at a time leave room for the rest, and a hundred may wait, none for long.
  readonly #inTurn: ReturnType<typeof atMost>

  constructor({ redis, prefix, perMinute, waitsWithin = WAITS_WITHIN }: LoginThrottleOptions) {
    this.#redis = redis
    this.#inTurn = atMost(2, { waiting: 100, within: waitsWithin })
    this.#prefix = `${prefix}:logins`
    const limit = (name: string, factor: number) =>
      new RateLimit({ redis, prefix: `${this.#prefix}:${name}`, limit: perMinute * factor, window: MINUTE })
    this.#pair = limit('pair', 1)
    this.#address = limit('address', ADDRESS_FACTOR)
    this.#account = limit('account', ACCOUNT_FACTOR)
  }

  /**
   * Runs `check` when it is its turn, unless too many have failed.
   * @param check gives the user whose password it was
   */
  async attempt(
    { account, address, isGone }: LoginAttempt,
    check: () => Promise<User | undefined>,
  ): Promise<LoginAnswer> {
    const place = networkOf(address)
    const name = account.toLowerCase()
    const pair = JSON.stringify([name, place])
    try {
      // Looked at within the turn: of many at once, those that come after the last one allowed find it counted.
      return await this.#inTurn(async () => {
        if (isGone?.()) return { outcome: 'busy', retryAfter: BUSY_SECONDS }
        const retryAfter = await this.#refusedFor({ name, place, pair })
        if (retryAfter > 0) return { outcome: 'throttled', retryAfter }
        const user = await check()
        if (user === undefined) {
          await Promise.all([this.#pair.take(pair), this.#address.take(place), this.#account.take(name)])
          return { outcome: 'wrong' }
        }
        await this.#redis.set(this.#knownKey(pair), 1, 'PX', KNOWN_FOR)
        return { outcome: 'right', user }
      })
    } catch (error) {
      if (error instanceof TooBusyError) return { outcome: 'busy', retryAfter: BUSY_SECONDS }
      throw error
    }
  }

  /** In how many seconds to come back; 0 where one may try. */
  async #refusedFor(keys: { name: string; place: string; pair: string }): Promise<number> {
    const [pair, address, account, isKnown] = await Promise.all([
      this.#pair.look(keys.pair),
      this.#address.look(keys.place),
      this.#account.look(keys.name),
      this.#redis.exists(this.#knownKey(keys.pair)),
    ])
    return Math.max(pair.retryAfter, address.retryAfter, isKnown === 1 ? 0 : account.retryAfter)
  }

  #knownKey(pair: string): string {
    return `${this.#prefix}:known:${createHash('sha256').update(pair).digest('base64url')}`
  }
}
