import type { MessageEvent } from './message-counters.ts'
import { optionsSchema as redisOptionsSchema } from './redis-message-store-options.ts'

/** What of the options is checked, and the defaults: those of the Redis store. */
export const optionsSchema = redisOptionsSchema.omit({ prefix: true })

/** Options of {@link MemoryMessageStore}; those that {@link RedisMessageStoreOptions} has too mean the same. */
export interface MemoryMessageStoreOptions {
  /** Messages kept for each user; default 100. */
  cap?: number
  /** How long a user's list is kept after the last message in it, ms; default 30 days. */
  ttl?: number
  /** The same for a browser's list; default 1 day. */
  browserTtl?: number
  /** How long a page may hold messages before they are unread again, ms; default 10 s. */
  lease?: number
  /** The clock, in ms; default `Date.now`. A test moves its own on instead of waiting. */
  now?(): number
  /** Called for each thing that is counted, with how many messages it concerns. */
  onEvent?(event: MessageEvent, count: number): void
}
