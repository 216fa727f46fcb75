import { describe, expect, it } from 'vitest'
import { monitor } from '../../../test/monitor.ts'
import { testRedis } from '../../../test/redis.ts'
import { info, RedisMessageStore, ShardCountError, shardOf } from '../src/index.ts'
import { COPY } from '../src/redis-broadcasts.ts'

const { redis, url, prefix } = testRedis()
const SHARDS = 8
let prefixes = 0
const newPrefix = () => `${prefix}:${++prefixes}`
const newStore = (own = newPrefix()) => new RedisMessageStore({ redis, prefix: own, shards: SHARDS })
const textsOf = (claim: { messages: readonly { text: string }[] } | undefined) =>
  claim?.messages.map(({ text }) => text) ?? []
const idsOf = (claim: { messages: readonly { id: string }[] } | undefined) =>
  claim?.messages.map(({ id }) => id) ?? []

/** An owner in each shard. */
const owners = Array.from({ length: SHARDS }, (_, shard) => {
  for (let i = 0; ; i++) if (shardOf(`owner-${i}`, SHARDS) === shard) return `owner-${i}`
})
const [alice = '', bob = ''] = owners

describe('the shard of an owner', () => {
  it('is the same for ever', () => {
    expect(['alice', 'bob', 'jürgen', '名前', ''].map(id => shardOf(id, 256))).toEqual([71, 64, 213, 176, 0])
    expect(['alice', 'bob', '名前'].map(id => shardOf(id, 1))).toEqual([0, 0, 0])
  })

  it.each(['user', 'uuid'])('is as often one as another: ids like a %s', kind => {
    const counts = Array<number>(SHARDS).fill(0)
    for (let i = 0; i < 8000; i++) {
      const shard = shardOf(kind === 'user' ? `user-${i}` : crypto.randomUUID(), SHARDS)
      counts[shard] = (counts[shard] ?? 0) + 1
    }
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150)
  })

  it('is in the hash tag of all their keys', async () => {
    const store = newStore('{tag}:more')
    const own = `{tag:${shardOf('alice', SHARDS)}}:more`
    expect([store.shards, store.shardOf('alice'), store.prefixOf('alice')]).toEqual([SHARDS, 7, own])
    expect(store.prefixes).toEqual(Array.from({ length: SHARDS }, (_, i) => `{tag:${i}}:more`))
    expect(store.postArguments('alice').keys).toEqual([
      `${own}:messages:user:alice`,
      `${own}:reading:user:alice`,
    ])
  })

  it('leaves the prefix as it is where there is one shard; one without a tag becomes the tag where there are more', () => {
    expect(new RedisMessageStore({ redis }).prefixes).toEqual(['{tidings}'])
    expect(new RedisMessageStore({ redis, prefix: 'app', shards: 2 }).prefixes).toEqual([
      '{app:0}',
      '{app:1}',
    ])
  })
})

describe('the number of shards', () => {
  it('is noted once, and another is refused by each step, naming both', async () => {
    const own = newPrefix()
    await newStore(own).checkShards()
    const other = new RedisMessageStore({ redis, prefix: own, shards: 3 })
    const message = /written with shards: 8, and this process has shards: 3\./
    await expect(other.checkShards()).rejects.toThrow(message)
    for (const step of [
      () => other.post(alice, info('x')),
      () => other.claim({ owner: alice }, { limit: 10 }),
      () => other.unread({ owner: alice }, { limit: 10 }),
      () => other.read({ owner: alice }, ['0000000000000001']),
      () => other.inbox(alice),
      () => other.dismiss(alice, '0000000000000001'),
      () => other.broadcast(info('x')),
      () => other.withdraw('0000000000000001e'),
      () => other.broadcasts(),
    ])
      await expect(step()).rejects.toBeInstanceOf(ShardCountError)
    expect(await newStore(own).claim({ owner: alice }, { limit: 10 })).toBeUndefined()
  })

  it('is noted where there is one shard as well', async () => {
    const own = newPrefix()
    await new RedisMessageStore({ redis, prefix: own }).post(alice, info('x'))
    await expect(newStore(own).checkShards()).rejects.toThrow(/shards: 1, .* shards: 8\./)
  })

  it('is asked for again when Redis could not tell', async () => {
    const own = newPrefix()
    const store = newStore(own)
    await redis.hset(`${own}:shards`, 'of another', 'kind')
    await expect(store.checkShards()).rejects.toThrow(/WRONGTYPE/)
    await redis.del(`${own}:shards`)
    await store.checkShards()
    expect(await redis.get(`${own}:shards`)).toBe('8')
  })

  it.each([0, 257, 1.5])('must not be %d', shards => {
    expect(() => new RedisMessageStore({ redis, shards })).toThrow(/shards/)
  })
})

describe("a browser's messages in another shard than the owner's", () => {
  const reader = { owner: alice, browser: bob }

  it('are shown in order of time, by one command for each of both', async () => {
    const store = newStore()
    await store.post(reader, info('1'))
    await store.post(alice, info('2'))
    await store.broadcast(info('3'))
    await store.post(reader, info('4'))
    await store.claim({ owner: 'somebody else' }, { limit: 10 }) // a connection's first call sends the whole script
    const commands = await monitor(url)
    const claim = await store.claim(reader, { limit: 10 })
    expect(textsOf(claim)).toEqual(['1', '2', '3', '4'])
    const tag = prefix.slice(0, -1)
    const sent = () =>
      commands.filter(
        ({ words }) => /^evalsha$/i.test(words[0] ?? '') && words.some(word => word.includes(tag)),
      ).length
    await expect.poll(sent).toBe(2)
    if (claim) await store.confirm(claim, idsOf(claim))
    expect(await store.claim(reader, { limit: 10 })).toBeUndefined()
  })

  it('count against one limit: what is over it waits, also for another tab at the same moment', async () => {
    const store = newStore()
    for (const text of ['1', '2', '3']) await store.post(reader, info(text))
    for (const text of ['4', '5', '6']) await store.post(alice, info(text))
    for (const text of ['7', '8']) await store.post(reader, info(text))
    const first = await store.claim(reader, { limit: 4 })
    expect([textsOf(first), first?.more]).toEqual([['1', '2', '3', '4'], 4])
    const second = await store.claim(reader, { limit: 3 })
    expect([textsOf(second), second?.more]).toEqual([['5', '6', '7'], 1])
    if (first) await store.confirm(first, idsOf(first).slice(1))
    if (second) await store.release(second)
    expect(textsOf(await store.claim(reader, { limit: Infinity }))).toEqual(['1', '5', '6', '7', '8'])
  })

  it('go back, with what was dropped, where all of the page is of the other', async () => {
    const small = new RedisMessageStore({ redis, prefix: newPrefix(), shards: SHARDS, cap: 2 })
    for (const text of ['1', '2']) await small.post(alice, info(text))
    for (const text of ['3', '4', '5']) await small.post(reader, info(text))
    const first = await small.claim(reader, { limit: 2 })
    expect([textsOf(first), first?.more, first?.dropped]).toEqual([['1', '2'], 2, 0])
    if (first) await small.confirm(first, idsOf(first))
    const second = await small.claim(reader, { limit: 2 })
    expect([textsOf(second), second?.more, second?.dropped]).toEqual([['4', '5'], 0, 1])
  })

  it('leave the owner theirs when they can not be had', async () => {
    const store = newStore()
    await store.post(alice, info('mine'))
    const list = `${store.prefixOf(bob)}:messages:browser:${bob}`
    await redis.set(list, 'no list')
    await expect(store.claim(reader, { limit: 10 })).rejects.toThrow(/WRONGTYPE/)
    await expect
      .poll(async () => textsOf(await store.unread({ owner: alice }, { limit: 10 })))
      .toEqual(['mine'])
    await redis.del(list)
    expect(textsOf(await store.claim(reader, { limit: 10 }))).toEqual(['mine'])
  })
})

describe('a broadcast to several shards', () => {
  const seenBy = async (store: RedisMessageStore) =>
    Promise.all(owners.map(async owner => (await store.inbox(owner)).map(({ id, text }) => [id, text])))
  const forAll = <T>(contents: T) => owners.map(() => contents)
  /** A shard that takes nothing, until the returned function is called. */
  const breakShard = async (store: RedisMessageStore, shard: number) => {
    const list = `${store.prefixes[shard]}:messages:everyone`
    const kept = `${list}:kept`
    if (await redis.exists(list)) await redis.rename(list, kept)
    await redis.set(list, 'no list')
    return async () => {
      await redis.del(list)
      if (await redis.exists(kept)) await redis.rename(kept, list)
    }
  }

  it('has one id for all, is counted once, and adds up who has seen it', async () => {
    const store = newStore()
    const id = await store.broadcast(info('for all'))
    expect(await seenBy(store)).toEqual(forAll([[id, 'for all']]))
    for (const owner of owners.slice(2)) {
      const claim = await store.claim({ owner }, { limit: 10 })
      if (claim) await store.confirm(claim, [id])
    }
    expect(await store.broadcasts()).toMatchObject([{ id, seen: SHARDS - 2 }])
    expect(store.counts.posted).toBe(1)
  })

  it('is written once when it is repeated after it has reached some of the shards', async () => {
    const store = newStore()
    const mend = await breakShard(store, 3)
    const send = () => store.broadcast(info('for all'), { idempotencyKey: 'form-1' })
    await expect(send()).rejects.toThrow(/WRONGTYPE/)
    await mend()
    const id = await send()
    expect(await send()).toBe(id)
    expect(await seenBy(store)).toEqual(forAll([[id, 'for all']]))
    expect(store.counts.posted).toBe(1)
  })

  it('is written once for each idempotency key, also by two processes at once and ten others later', async () => {
    const own = newPrefix()
    const send = (key: string) => newStore(own).broadcast(info(key), { idempotencyKey: key })
    const [first, second] = await Promise.all([send('0'), send('0')])
    for (let i = 1; i <= 10; i++) await send(String(i))
    expect([second, await send('0')]).toEqual([first, first])
    expect((await newStore(own).broadcasts()).length).toBe(11)
  })

  it('reaches with the next one who had missed it, in order', async () => {
    const store = newStore()
    const mend = await breakShard(store, 3)
    await expect(store.broadcast(info('first'))).rejects.toThrow()
    await mend()
    await store.broadcast(info('second'))
    for (const owner of owners)
      expect(textsOf(await store.claim({ owner }, { limit: 10 }))).toEqual(['first', 'second'])
  })

  it('is withdrawn from all, and stays away; what failed half-way can be repeated', async () => {
    const store = newStore()
    const id = await store.broadcast(info('oops'))
    const mend = await breakShard(store, 5)
    await expect(store.withdraw(id)).rejects.toThrow(/WRONGTYPE/)
    await mend()
    expect([await store.withdraw(id), await store.withdraw(id)]).toEqual([true, false])
    const next = await store.broadcast(info('next'))
    expect(await seenBy(store)).toEqual(forAll([[next, 'next']]))
  })

  it('that was withdrawn before it reached all is for nobody, although a process that is late copies it', async () => {
    const store = newStore()
    const mend = await breakShard(store, 3)
    await expect(store.broadcast(info('oops'))).rejects.toThrow()
    await mend()
    const keysIn = (own = '') => [`${own}:messages:everyone`, `${own}:reading:everyone`] as const
    const records = await redis.lrange(keysIn(store.prefixes[0])[0], 0, -1)
    expect(await store.withdraw(String((await store.broadcasts())[0]?.id))).toBe(true)
    expect(await COPY.run(redis, keysIn(store.prefixes[3]), [100, 60_000, ...records])).toBe(0)
    expect(await seenBy(store)).toEqual(forAll([]))
  })

  it('is replaced by one with its key, and by newer ones past the cap, in each shard', async () => {
    const store = new RedisMessageStore({ redis, prefix: newPrefix(), shards: SHARDS, cap: 2 })
    await store.broadcast(info('at 8', { key: 'k' }))
    const first = await store.broadcast(info('at 9', { key: 'k' }))
    expect(await seenBy(store)).toEqual(forAll([[first, 'at 9']]))
    for (const text of ['two', 'three']) await store.broadcast(info(text))
    for (const owner of owners)
      expect(textsOf(await store.claim({ owner }, { limit: 10 }))).toEqual(['two', 'three'])
  })

  it('keeps one order and misses nobody when many are written at once by two processes', async () => {
    const own = newPrefix()
    const stores = [newStore(own), newStore(own)]
    const seen = new Map(owners.map(owner => [owner, [] as string[]]))
    const writing = Promise.all(
      Array.from({ length: 40 }, (_, i) => stores[i % 2]?.broadcast(info(String(i)))),
    ).then(() => 'over')
    for (let isOver = false; ; ) {
      for (const owner of owners) {
        const claim = await stores[0]?.claim({ owner }, { limit: 10 })
        if (!claim) continue
        await stores[0]?.confirm(claim, idsOf(claim))
        seen.get(owner)?.push(...textsOf(claim))
      }
      if (isOver && [...seen.values()].every(texts => texts.length >= 40)) break
      isOver = (await Promise.race([writing, 'not yet'])) === 'over'
    }
    const order = (await stores[0]?.broadcasts())?.map(({ text }) => text).reverse()
    for (const texts of seen.values()) expect(texts).toEqual(order)
  })
})
