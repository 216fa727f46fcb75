import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { testRedis } from '../../../../test/redis.ts'
import { info, MemoryMessageStore, RedisMessageStore } from '../../src/index.ts'
import { stores, textsOf, visit } from './visit.ts'

describe.each(stores())('Django of what is stored: %s', (_, make) => {
  it('C62: HTML is text, through the store and on the page', async () => {
    const { store, owner, user } = await visit(make())
    await store.post(owner, info('<b>Loud</b>'))
    expect((await store.inbox(owner)).map(({ text }) => text)).toEqual(['<b>Loud</b>'])
    expect((await user.get('/view/page')).body).toContain('&lt;b&gt;Loud&lt;/b&gt;')
  })

  it('C63: text of a request does not become safe on its way', async () => {
    const { during, user } = await visit(make())
    await during(messages => messages.info('<i>&amp;</i>'))
    expect((await user.get('/view/page')).body).toContain('&lt;i&gt;&amp;amp;&lt;/i&gt;')
  })

  it.each([[''], [undefined], ['some tags']])(
    'C64: extra tags %j come back as they were',
    async extraTags => {
      const { store, owner, during } = await visit(make())
      await store.post(owner, info('A text.', { extraTags }))
      expect(await during(async messages => (await messages.view()).map(one => one.extraTags))).toEqual([
        extraTags,
      ])
    },
  )

  it('C65: nested data comes back equal', async () => {
    const data = { deep: [['<b>', 1, null, true], { empty: {} }], umlaut: 'ä', line: 'a\nb' }
    const { store, owner, during } = await visit(make())
    await store.post(owner, info('A text.', { data }))
    expect(await during(async messages => (await messages.view()).map(one => one.data))).toEqual([data])
  })
})

describe('Django of what has no room', () => {
  const { redis, prefix } = testRedis()

  it.each([
    ['MemoryMessageStore', () => new MemoryMessageStore({ cap: 4 })],
    ['RedisMessageStore', () => new RedisMessageStore({ redis, prefix, cap: 4 })],
  ])('C68: of five where four fit, the first is dropped, and the page is told: %s', async (_, make) => {
    const { store, owner, during } = await visit(make())
    await store.post(
      owner,
      Array.from({ length: 5 }, (_, i) => info(`m${i}`)),
    )
    const [texts, dropped] = await during(async messages => {
      const view = await messages.view()
      return [textsOf(view), view.dropped]
    })
    expect([texts, dropped]).toEqual([['m1', 'm2', 'm3', 'm4'], 1])
  })
})

describe('Django of what was tampered with', () => {
  const { redis, prefix } = testRedis()

  it.each(['garbage', '', '|||', '{}', '0000000000000001|key||{"level":"high"}', '\u0000\uffff'])(
    'C67: a record that is none of ours (%j) is skipped, and no page breaks of it',
    async record => {
      const store = new RedisMessageStore({ redis, prefix: `${prefix}:${randomUUID()}` })
      const { owner, next } = await visit(store)
      await store.post(owner, info('before'))
      await redis.rpush(`${store.prefix}:messages:user:${owner}`, record)
      await store.post(owner, info('after'))
      expect(await next()).toEqual(['before', 'after'])
      expect(await next()).toEqual([])
    },
  )

  it('C67: a list that is no list is no messages, and no page breaks of it', async () => {
    const store = new RedisMessageStore({ redis, prefix: `${prefix}:${randomUUID()}` })
    const { owner, next } = await visit(store)
    await redis.set(`${store.prefix}:messages:user:${owner}`, 'garbage')
    expect(await next()).toEqual([])
  })
})
