import { error, RedisMessageStore } from '@tidings/messages'
import { Redis } from 'ioredis'

const redis = new Redis(process.env.REDIS_URL ?? 'redis://127.0.0.1:6379')
const store = new RedisMessageStore({ redis })

// For the user alice, on whichever device she looks next. A later message with the same key replaces this one while it is unread.
await store.post(
  'alice',
  error('Your card was refused.', { key: 'card', link: { href: '/account', text: 'Change it' } }),
)
await redis.quit()
