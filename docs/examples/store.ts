import { RedisMessageStore } from '@tidings/messages'
import type { Redis } from 'ioredis'

const DAY = 24 * 60 * 60 * 1000

export function messageStore(
  redis: Redis,
  log: { warn(facts: object, text: string): void },
): RedisMessageStore {
  return new RedisMessageStore({
    redis,
    prefix: '{shop}',
    cap: 50,
    ttl: 7 * DAY,
    browserTtl: DAY / 2,
    lease: 5000,
    log,
  })
}
