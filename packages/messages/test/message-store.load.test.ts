import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { testRedis } from '../../../test/redis.ts'
import { info } from '../src/message.ts'
import type { MessageStore } from '../src/message-store.ts'
import { RedisMessageStore } from '../src/redis-message-store.ts'
import { AppendingStore, RangingStore } from './bad-stores.ts'

const { redis, prefix } = testRedis()
const { redis: otherRedis } = testRedis()
const connections = [redis, otherRedis]
const WAVE = 250
const TABS = 8

describe('with eight tabs in two processes, while they post', () => {
  it('each of 20,000 messages is on exactly one page', { timeout: 60_000 }, async () => {
    const stores = connections.map(redis => new RedisMessageStore({ redis, prefix, cap: 2 * WAVE }))
    expect(await pagesOf(stores, 20_000)).toEqual({ lost: 0, doubled: 0 })
  })

  it.each([
    ['LRANGE, then DEL', RangingStore],
    ['get, append, set', AppendingStore],
  ])('%s loses and doubles some of 2,000', async (what, Store) => {
    const stores = connections.map(redis => new Store(redis, `${prefix}:${what}`))
    const { lost, doubled } = await pagesOf(stores, 2000)
    expect(lost).toBeGreaterThan(0)
    expect(doubled).toBeGreaterThan(0)
  })
})

/**
 * Posts messages in waves, each to an owner of its own (a claim reads the whole list), while their tabs show what they get.
 * Every fifth page isn't sent.
 */
async function pagesOf(
  stores: readonly MessageStore[],
  messages: number,
): Promise<{ lost: number; doubled: number }> {
  const times = new Map<string, number>()
  for (let first = 0; first < messages; first += WAVE) {
    const owner = `owner-${first}`
    const texts = Array.from({ length: WAVE }, (_, i) => String(first + i))
    for (const text of texts) times.set(text, 0)
    for (const text of await shownOf(stores, owner, texts)) times.set(text, (times.get(text) ?? 0) + 1)
  }
  const counts = [...times.values()]
  return { lost: counts.filter(n => n === 0).length, doubled: counts.filter(n => n > 1).length }
}

async function shownOf(stores: readonly MessageStore[], owner: string, texts: string[]): Promise<string[]> {
  const shown: string[] = []
  const posting = { isOver: false }
  const tabs = Array.from({ length: TABS }, (_, i) => tab(storeAt(stores, i), owner, shown, posting))
  const queue = [...texts]
  await Promise.all(
    [...stores, ...stores].map(async store => {
      for (let text = queue.shift(); text !== undefined; text = queue.shift())
        await store.post(owner, info(text))
    }),
  )
  posting.isOver = true
  await Promise.all(tabs)
  await tab(storeAt(stores, 0), owner, shown, posting) // what was released after the last tab had looked
  return shown
}

async function tab(
  store: MessageStore,
  owner: string,
  shown: string[],
  posting: { isOver: boolean },
): Promise<void> {
  for (let page = 1; ; page++) {
    const isLast = posting.isOver
    const claim = await store.claim({ owner }, { limit: 10 })
    if (!claim) {
      if (isLast) return
      await turn()
      continue
    }
    if (page % 5 === 0) {
      await store.release(claim)
      continue
    }
    shown.push(...claim.messages.map(({ text }) => text))
    await store.confirm(
      claim,
      claim.messages.map(({ id }) => id),
    )
  }
}

function storeAt(stores: readonly MessageStore[], index: number): MessageStore {
  const store = stores[index % stores.length]
  if (!store) throw new Error('expected a store')
  return store
}
