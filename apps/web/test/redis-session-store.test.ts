import { promisify } from 'node:util'
import type { Session } from 'fastify'
import { describe, expect, it } from 'vitest'
import { testRedis } from '../../../test/redis.ts'
import { RedisSessionStore } from '../src/plugins/redis-session-store.ts'

const DAY = 24 * 60 * 60_000
const { redis, prefix } = testRedis()
const store = new RedisSessionStore({ redis, prefix })
const get = (id: string) => promisify<string, Session | null | undefined>(store.get.bind(store))(id)
const set = (id: string, session: object) =>
  promisify<string, Session>(store.set.bind(store))(id, session as Session)

describe('the session store', () => {
  it('puts the end of a session off when it is used, without writing each time', async () => {
    await set('used', { userId: 'a' })
    const key = `${prefix}:session:used`
    await redis.pexpire(key, 2 * DAY)
    await get('used')
    expect(await redis.pttl(key)).toBeGreaterThan(6 * DAY)
    await redis.pexpire(key, 7 * DAY - 10_000)
    await get('used')
    expect(await redis.pttl(key)).toBeLessThanOrEqual(7 * DAY - 10_000)
  })

  it('ends a session after 30 days, however busy it is', async () => {
    await redis.set(
      `${prefix}:session:old`,
      JSON.stringify({ userId: 'a', startedAt: Date.now() - 29.5 * DAY }),
    )
    expect(await get('old')).toMatchObject({ userId: 'a' })
    expect(await redis.pttl(`${prefix}:session:old`)).toBeLessThanOrEqual(DAY / 2)
    await redis.set(
      `${prefix}:session:over`,
      JSON.stringify({ userId: 'a', startedAt: Date.now() - 31 * DAY }),
    )
    expect(await get('over')).toBeNull()
  })

  it('reads what is broken as no session', async () => {
    for (const text of ['', '{', '7', 'null', '"x"']) {
      await redis.set(`${prefix}:session:broken`, text)
      expect(await get('broken'), text).toBeNull()
    }
  })
})
