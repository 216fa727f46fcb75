import { describe, expect, it } from 'vitest'
import { testRedis } from '../../../test/redis.ts'
import { MemoryMessageStore } from '../src/memory-message-store.ts'
import { RedisMessageStore } from '../src/redis-message-store.ts'
import { messageStoreCases, testMessageStore } from '../src/testing.ts'
import { AppendingStore, RangingStore } from './bad-stores.ts'

const { redis, prefix } = testRedis()
const { redis: otherRedis } = testRedis()
let stores = 0
const newPrefix = () => `${prefix}:${++stores}`

testMessageStore('MemoryMessageStore', bounds => {
  let time = Date.now()
  const store = new MemoryMessageStore({ ...bounds, browserTtl: bounds.ttl, now: () => time })
  return {
    store,
    advance: ms => {
      time += ms
    },
  }
})

testMessageStore('RedisMessageStore', bounds => {
  const options = { ...bounds, browserTtl: bounds.ttl, prefix: newPrefix() }
  return {
    store: new RedisMessageStore({ ...options, redis }),
    another: () => new RedisMessageStore({ ...options, redis: otherRedis }),
  }
})

// Cases that one page after another can pass.
const PASSED = [
  'gives a level of the application no tag of its own',
  'keeps a text as it is, whatever is in it',
  'keeps the order of several messages in one post and of posts one after the other',
  'takes each field at its bound',
  'has nothing for whom nothing was posted',
  "a visitor sees their browser's messages alone",
]

// What neither can, as neither claims, confirms and releases.
const FAILED = [
  'shows a message on one page and keeps it in the inbox',
  'shows on the next page what a page held and did not show',
  'shows what was released on the next page, before what has come since',
  'gives a message to exactly one of many tabs that ask at once',
  'shows each message on exactly one page, while many tabs claim, confirm and release and others post',
]

describe.each([
  {
    what: 'a store that reads with LRANGE and then deletes',
    Store: RangingStore,
    passed: [...PASSED, 'loses none of many posts at once'],
    failed: FAILED,
  },
  {
    what: 'a store that gets, appends and sets one value',
    Store: AppendingStore,
    passed: PASSED,
    failed: [
      ...FAILED,
      'loses none of many posts at once',
      'loses nothing that is posted while a page is rendered and sent',
    ],
  },
])('the kit, run on $what', ({ Store, passed, failed }) => {
  const cases = new Map(
    messageStoreCases(() => {
      const own = newPrefix()
      return { store: new Store(redis, own), another: () => new Store(otherRedis, own) }
    }).map(one => [one.name, one]),
  )

  it.each(passed)('passes what is kept: %s', async name => {
    await expect(cases.get(name)?.run()).resolves.toBeUndefined()
  })

  it.each(failed)('goes red: %s', async name => {
    await expect(cases.get(name)?.run()).rejects.toMatchObject({ name: 'AssertionError' })
  })
})

describe('the kit', () => {
  it('has a name of its own for each case', () => {
    const names = messageStoreCases(() => ({ store: new MemoryMessageStore() })).map(({ name }) => name)
    expect(names.length).toBeGreaterThan(100)
    expect(new Set(names).size).toBe(names.length)
  })

  it('makes a store for each case with the bounds that it needs, and closes it, also when the case fails', async () => {
    const lives: string[] = []
    const [first] = messageStoreCases(({ cap, ttl, lease }) => {
      lives.push(`opened ${cap > 0 && ttl > 0 && lease > 0}`)
      return { store: new RangingStore(redis, newPrefix()), close: () => void lives.push('closed') }
    }).filter(({ name }) => name === FAILED[0])
    await expect(first?.run()).rejects.toThrow()
    expect(lives).toEqual(['opened true', 'closed'])
  })

  it('registers its groups and cases with whatever runs the tests', () => {
    const registered: string[] = []
    testMessageStore('mine', () => ({ store: new MemoryMessageStore() }), {
      describe: (name, register) => {
        registered.push(name)
        register()
      },
      it: name => registered.push(name),
    })
    expect(registered.slice(0, 2)).toEqual(['mine', 'posting'])
    expect(registered).toContain('gives a message to exactly one of many tabs that ask at once')
  })
})
