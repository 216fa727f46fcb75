import { info, MemoryMessageStore, RedisMessageStore } from '@tidings/messages'
import { describe, expect, it } from 'vitest'
import { printUnread } from '../../docs/examples/claim.ts'
import { cardRefused } from '../../docs/examples/message.ts'
import { messageStore } from '../../docs/examples/store.ts'
import { markPaid } from '../../docs/examples/transaction.ts'
import { follow } from '../../docs/examples/watch.ts'
import { testRedis } from '../redis.ts'

describe('the examples of messages and their store', () => {
  const { redis, prefix } = testRedis()

  it('say all that a message may say', async () => {
    const store = new RedisMessageStore({ redis, prefix })
    await store.post('ada', [cardRefused('42', 'job-1'), cardRefused('42', 'job-2')])
    expect(await store.inbox('ada')).toMatchObject([
      {
        text: 'Your card was refused for order 42.',
        tags: 'payment urgent error',
        job: 'job-2',
        link: { href: '/account' },
        i18n: { params: { order: '42' } },
        data: { order: '42' },
      },
    ])
  })

  it('set up a store, which warns of what it can not read', async () => {
    const warnings: string[] = []
    const store = messageStore(redis, { warn: (_, text) => warnings.push(text) })
    expect(store.prefix).toBe('{shop}')
    await store.post(
      'bob',
      Array.from({ length: 51 }, (_, i) => info(`m${i}`)),
    )
    expect([(await store.inbox('bob')).length, store.counts.dropped]).toEqual([50, 1])
    await redis.rpush('{shop}:messages:user:carol', '1700000000000000|||no JSON')
    expect((await store.claim({ owner: 'carol' }, { limit: 10 }))?.messages).toEqual([])
    expect(warnings).toEqual(['skipped messages that can not be read'])
  })

  it('take messages, and give them back where they could not be shown', async () => {
    const store = new MemoryMessageStore()
    await store.post(
      'ada',
      Array.from({ length: 12 }, (_, i) => info(`m${i}`)),
    )
    await expect(printUnread(store, 'ada', () => Promise.reject(new Error('no paper')))).rejects.toThrow()
    const printed: string[] = []
    const print = async (text: string) => void printed.push(text)
    expect(await printUnread(store, 'ada', print)).toBe(2)
    expect(await printUnread(store, 'ada', print)).toBe(0)
    expect(await printUnread(store, 'ada', print)).toBe(0)
    expect(printed).toEqual(Array.from({ length: 12 }, (_, i) => `m${i}`))
  })

  it('follow what is new, each message once', async () => {
    const store = new RedisMessageStore({ redis, prefix })
    const shown: string[] = []
    await store.post('eve', info('before'))
    const leave = await follow(store, 'eve', async ({ text }) => void shown.push(text))
    await store.post('eve', info('after'))
    await expect.poll(() => shown).toEqual(['before', 'after'])
    await expect.poll(async () => (await store.inbox('eve')).some(({ unread }) => unread)).toBe(false)
    await leave()
  })

  it('post in a transaction of their own', async () => {
    const store = new RedisMessageStore({ redis, prefix })
    await markPaid(redis, store, { order: '7', owner: 'dave' })
    expect(await redis.get(`${prefix}:order:7`)).toBe('paid')
    expect((await store.inbox('dave')).map(({ text }) => text)).toEqual(['Order 7 is paid.'])
  })
})

// Tests in themselves.
await import('../../docs/examples/test-a-store.ts')
await import('../../docs/examples/test-messages.ts')
