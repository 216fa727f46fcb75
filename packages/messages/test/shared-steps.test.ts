import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  plainOptions,
  type RedisServer,
  serverDirectory,
  startRedisServer,
} from '../../../test/redis-server.ts'
import { type Claim, info, RedisMessageStore } from '../src/index.ts'

let directory: Awaited<ReturnType<typeof serverDirectory>>
let server: RedisServer
let redis: Redis

beforeAll(async () => {
  directory = await serverDirectory()
  server = await startRedisServer(directory.path, plainOptions)
})

afterAll(async () => {
  await server.kill()
  await directory.remove()
})

beforeEach(async () => {
  await server.redis.flushall()
  redis = new Redis(server.port, server.host, { retryStrategy: () => 20 })
  redis.on('error', () => {})
})

afterEach(() => redis.disconnect())

const named = (count: number) => Array.from({ length: count }, (_, i) => `owner-${i}`)
const claimsFor = (store: RedisMessageStore, owners: string[]) =>
  Promise.all(owners.map(owner => store.claim({ owner }, { limit: 10 })))
const textsOf = (claims: (Claim | undefined)[]) =>
  claims.map(claim => claim?.messages.map(({ text }) => text).join())
const confirmAll = (store: RedisMessageStore, claims: (Claim | undefined)[]) =>
  Promise.all(
    claims.map(
      claim =>
        claim &&
        store.confirm(
          claim,
          claim.messages.map(({ id }) => id),
        ),
    ),
  )

/** A store in which each owner has a message that names them. */
async function storeFor(owners: string[], options: { cap?: number; shards?: number; lease?: number } = {}) {
  const store = new RedisMessageStore({ redis, ...options })
  for (const owner of owners) await store.post(owner, info(`for ${owner}`))
  return store
}

/** How many scripts Redis was asked to run while `work` was done. */
async function callsOf(work: () => Promise<unknown>): Promise<number> {
  await server.redis.config('RESETSTAT')
  await work()
  const stats = await server.redis.info('commandstats')
  return ['eval', 'evalsha'].reduce(
    (sum, name) => sum + Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(stats)?.[1] ?? 0),
    0,
  )
}

describe('pages that ask at the same moment', () => {
  it('claim and confirm by one command each time, and each gets its own', async () => {
    const owners = named(9)
    const store = await storeFor(owners)
    await claimsFor(store, ['warm', 'up'])
    let claims: (Claim | undefined)[] = []
    const calls = await callsOf(async () => {
      claims = await claimsFor(store, [...owners, 'nobody'])
    })
    expect(textsOf(claims)).toEqual([...owners.map(owner => `for ${owner}`), undefined])
    expect(calls).toBe(1)
    // One that gives back, between those that confirm.
    const [first, ...others] = claims
    const released = () => first && store.release(first)
    expect(await callsOf(() => Promise.all([released(), confirmAll(store, others)]))).toBe(1)
    expect(textsOf(await claimsFor(store, owners))).toEqual([
      'for owner-0',
      ...owners.slice(1).map(() => undefined),
    ])
    expect(store.counts).toMatchObject({ shown: 8, released: 1 })
  })

  it('write nothing where nothing waits', async () => {
    const store = await storeFor(['alice'])
    const changes = async () =>
      /rdb_changes_since_last_save:\d+/.exec(await server.redis.info('persistence'))?.[0]
    const before = await changes()
    expect(textsOf(await claimsFor(store, named(10)))).toEqual(named(10).map(() => undefined))
    expect(await changes()).toBe(before)
  })

  it('share a command with 10 at most, fewer where lists are long, and with none where they are very long', async () => {
    for (const [cap, expected] of [
      [100, 4],
      [400, 20],
      [10_000, 40],
    ] as const) {
      const store = await storeFor(['alice'], { cap })
      await claimsFor(store, named(2))
      expect(await callsOf(() => claimsFor(store, named(40)))).toBe(expected)
    }
  })

  it('share it within their shard only', async () => {
    const owners = named(12)
    const store = await storeFor(owners, { shards: 2 })
    await claimsFor(store, owners)
    const inShards = new Set(owners.map(owner => store.shardOf(owner)))
    expect(inShards.size).toBe(2)
    expect(await callsOf(() => claimsFor(store, owners))).toBe(2)
  })

  it('are not held up by one whose list is broken: it alone is told why', async () => {
    const store = await storeFor(['alice', 'carol'])
    await redis.set('{tidings}:messages:user:bob', 'no list')
    const asked = ['alice', 'bob', 'carol'].map(owner => store.claim({ owner }, { limit: 10 }))
    const [alice, bob, carol] = await Promise.allSettled(asked)
    expect([alice, carol]).toMatchObject([
      { value: { messages: [{ text: 'for alice' }] } },
      { value: { messages: [{ text: 'for carol' }] } },
    ])
    expect(bob).toMatchObject({
      status: 'rejected',
      reason: { message: expect.stringMatching(/^WRONGTYPE/) },
    })
  })

  it('confirm beside one whose reading is broken', async () => {
    const owners = named(3)
    const store = await storeFor(owners)
    const claims = await claimsFor(store, owners)
    await redis.set('{tidings}:reading:user:owner-1', 'no hash')
    const ends = await Promise.allSettled(
      claims.map(
        claim =>
          claim &&
          store.confirm(
            claim,
            claim.messages.map(({ id }) => id),
          ),
      ),
    )
    expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(store.counts.shown).toBe(2)
  })
})

describe('when the connection breaks before the answer', () => {
  it.each(['claim', 'confirm'])('of a shared %s, each owner still sees their message once', async step => {
    const owners = named(8)
    const store = await storeFor(owners)
    const breakSoon = () =>
      // After the command was handed to the socket, and before anything can have come back.
      setImmediate(() => setImmediate(() => redis.stream.destroy()))
    if (step === 'claim') breakSoon()
    const claims = await claimsFor(store, owners)
    expect(textsOf(claims)).toEqual(owners.map(owner => `for ${owner}`))
    if (step === 'confirm') breakSoon()
    await confirmAll(store, claims)
    expect(textsOf(await claimsFor(store, owners))).toEqual(owners.map(() => undefined))
    expect(store.counts.released).toBe(0)
  })

  it('and is not asked again, the messages of all are unread when their leases end', async () => {
    const owners = named(8)
    const store = await storeFor(owners, { lease: 500 })
    const impatient = new Redis(server.port, server.host, {
      maxRetriesPerRequest: 0,
      retryStrategy: () => 20,
    })
    impatient.on('error', () => {})
    const cut = new RedisMessageStore({ redis: impatient, lease: 500 })
    await cut.checkShards()
    // No answer comes before the connection is gone.
    await server.redis.client('PAUSE', 20_000, 'WRITE')
    setImmediate(() => setImmediate(() => impatient.stream.destroy()))
    const asked = await Promise.allSettled(owners.map(owner => cut.claim({ owner }, { limit: 10 })))
    expect(asked.map(({ status }) => status)).toEqual(owners.map(() => 'rejected'))
    impatient.disconnect()
    await server.redis.client('UNPAUSE')
    const seen = new Set<string>()
    await vi.waitFor(
      async () => {
        for (const text of textsOf(await claimsFor(store, owners))) if (text) seen.add(text)
        expect(seen.size).toBe(owners.length)
      },
      { timeout: 10_000 },
    )
  })
})

it('a script that the server has forgotten is sent once more', async () => {
  const owners = named(5)
  const store = await storeFor(owners)
  await redis.script('FLUSH')
  const claims = await claimsFor(store, owners)
  expect(textsOf(claims)).toEqual(owners.map(owner => `for ${owner}`))
})
