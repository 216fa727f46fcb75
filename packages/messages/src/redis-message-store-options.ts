import type { Cluster, Redis } from 'ioredis'
import { z } from 'zod'
import type { MessageEvent } from './message-counters.ts'

const SECOND = 1000
const DAY = 24 * 60 * 60 * SECOND

/** What of the options is checked, and the defaults. */
export const optionsSchema = z.object({
  prefix: z.string().min(1).default('{tidings}'),
  shards: z.int().min(1).max(256).default(1),
  cap: z.int().min(1).max(10_000).default(100),
  ttl: z
    .int()
    .min(SECOND)
    .default(30 * DAY),
  browserTtl: z.int().min(SECOND).default(DAY),
  lease: z
    .int()
    .min(100)
    .default(10 * SECOND),
})

/** Options of {@link RedisMessageStore}. */
export interface RedisMessageStoreOptions {
  /** A connection, which the store doesn't close. Give it a `commandTimeout`: a page waits for its messages. */
  redis: Redis | Cluster
  /**
   * Before every key; default `{tidings}`. The braces keep all lists in one slot of a Redis Cluster, together with the
   * queue of the jobs whose outcomes are posted here.
   */
  prefix?: string
  /**
   * Into how many shards the lists are divided; default 1, at most 256. The owner's id decides the shard, and each has a hash
   * tag of its own (`{tidings:3}`), so that the load spreads over a Redis Cluster. Jobs whose outcomes are posted here are
   * given the same number. It can't be changed later: another number is refused where data is already.
   */
  shards?: number
  /** Messages kept for each user; default 100. Past it the oldest go: what was read first, then what was not. */
  cap?: number
  /** How long a user's list is kept after the last message in it, ms; default 30 days. */
  ttl?: number
  /** The same for a browser's list; default 1 day. */
  browserTtl?: number
  /** How long a page may hold messages before they are unread again, ms; default 10 s. */
  lease?: number
  /** Told of records that can't be read; they are skipped. */
  log?: { warn(facts: object, text: string): void }
  /** Called for each thing that is counted, with how many messages it concerns. */
  onEvent?(event: MessageEvent, count: number): void
  /** Told of each message that was shown how long it had waited for it, ms: an outcome, since its job has ended. */
  onShown?(waited: number): void
}
