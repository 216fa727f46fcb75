import { promisify } from 'node:util'
import type { Session } from 'fastify'
import { describe, expect, it } from 'vitest'
import { testRedis } from '../../../test/redis.ts'
import { RedisSessionStore } from '../src/plugins/redis-session-store.ts'

const DAY = 24 * 60 * 60_000
const { redis, prefix } = testRedis()
const store = new RedisSessionStore({ redis, prefix })
const get = (id: string) =>
  new Promise<Session | null | undefined>((resolve, reject) =>
    store.get(id, (error, session) => (error ? reject(error) : resolve(session))),
  )
const set = (id: string, session: object) =>
  promisify<string, Session>(store.set.bind(store))(id, session as Session)

describe('the session store', () => {
  it('puts the end of a session off when a person has used it, without writing each time', async () => {
    await set('used', { userId: 'a' })
    const session = await get('used')
    const key = `${prefix}:session:used`
    await redis.pexpire(key, 2 * DAY)
    await store.keep('used', session ?? {})
    expect(await redis.pttl(key)).toBeGreaterThan(6 * DAY)
    await redis.pexpire(key, 7 * DAY - 10_000)
    await store.keep('used', session ?? {})
    expect(await redis.pttl(key)).toBeLessThanOrEqual(7 * DAY - 10_000)
  })

  it('puts nothing off by reading alone, as streams do again and again', async () => {
    await set('read', { userId: 'a' })
    await redis.pexpire(`${prefix}:session:read`, 2 * DAY)
    await get('read')
    expect(await redis.pttl(`${prefix}:session:read`)).toBeLessThanOrEqual(2 * DAY)
  })

  it('brings back none that has gone, by no write that began before', async () => {
    await set('gone', { userId: 'a' })
    const [one, other] = [await get('gone'), await get('gone')]
    await promisify(store.destroy.bind(store))('gone')
    await Promise.all([
      set('gone', { ...one, more: 1 }),
      set('gone', { ...other }),
      store.keep('gone', one ?? {}),
    ])
    expect(await get('gone')).toBeNull()
  })

  it('ends a session after 30 days, however busy it is', async () => {
    await redis.set(
      `${prefix}:session:old`,
      JSON.stringify({ userId: 'a', startedAt: Date.now() - 29.5 * DAY }),
    )
    const old = await get('old')
    expect(old).toMatchObject({ userId: 'a' })
    await store.keep('old', old ?? {})
    await set('old', { ...old, more: 1 })
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
