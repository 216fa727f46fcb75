import { RedisMessageStore } from '@tidings/messages'
import type { Redis } from 'ioredis'

/** Sends each number to where you keep yours; `store.counts` has them since the process began. */
export function countedStore(redis: Redis, count: (name: string, by: number) => void): RedisMessageStore {
  return new RedisMessageStore({ redis, onEvent: (event, messages) => count(`messages_${event}`, messages) })
}
