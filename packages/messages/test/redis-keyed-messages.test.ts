import { describe, expect, it } from 'vitest'
import { testRedis } from '../../../test/redis.ts'
import { info, RedisMessageStore } from '../src/index.ts'

const { redis, prefix } = testRedis()
const MINUTE = 60_000

let owners = 0
const newOwner = () => `owner-${++owners}`
const note = (text = 'Read this.', key = 'note:1') => info(text, { key, extraTags: 'staff' })

describe.each([1, 4])('a message with a key, with shards: %i', shards => {
  const options = { redis, prefix: `{${prefix.slice(1, -1)}-${shards}}`, shards }
  const store = new RedisMessageStore(options)
  const texts = async (owner: string) => (await store.inbox(owner)).map(({ text }) => text)
  const claim = async (owner: string) => {
    const held = await store.claim({ owner }, { limit: 10 })
    if (!held) throw new Error('nothing is unread')
    return held
  }
  const read = async (owner: string) => {
    const held = await claim(owner)
    await store.confirm(
      held,
      held.messages.map(({ id }) => id),
    )
  }

  it('is posted once, however often and at once it is asked for', async () => {
    const owner = newOwner()
    const posted = await Promise.all([1, 2, 3].map(() => store.postOnce(owner, note())))
    expect(posted.filter(Boolean)).toHaveLength(1)
    await read(owner)
    expect(await store.postOnce(owner, note())).toBe(false)
    expect(await store.postOnce(owner, note('Another one.', 'note:10'))).toBe(true)
    expect(await texts(owner)).toEqual(['Another one.', 'Read this.'])
    expect((await store.inbox(owner))[0]).toMatchObject({ tags: 'staff info', key: 'note:10' })
  })

  it('is unread until a page has shown it, also while one holds it', async () => {
    const owner = newOwner()
    expect(await store.stateOf(owner, 'note:1')).toBeUndefined()
    await store.post(owner, [info('before'), info('other', { key: 'note:2' })])
    await store.postOnce(owner, note())
    expect(await store.stateOf(owner, 'note:1')).toBe('unread')
    const held = await claim(owner)
    expect(await store.stateOf(owner, 'note:1')).toBe('unread')
    await store.release(held)
    expect(await store.stateOf(owner, 'note:1')).toBe('unread')
    await read(owner)
    expect(await store.stateOf(owner, 'note:1')).toBe('read')
    const [{ id = '' } = {}] = await store.inbox(owner)
    await store.dismiss(owner, id)
    expect(await store.stateOf(owner, 'note:1')).toBeUndefined()
  })

  it('is taken back from those who have not seen it', async () => {
    const [hasNot, has, holds] = [newOwner(), newOwner(), newOwner()]
    for (const owner of [hasNot, has, holds]) await store.postOnce(owner, note())
    await read(has)
    const held = await claim(holds)
    expect(await store.takeBack(hasNot, 'note:1')).toBe(true)
    expect(await store.takeBack(hasNot, 'note:1')).toBe(false)
    expect(await store.takeBack(has, 'note:1')).toBe(false)
    expect(await store.takeBack(holds, 'note:1')).toBe(false)
    expect([await texts(hasNot), await texts(has)]).toEqual([[], ['Read this.']])
    await store.confirm(
      held,
      held.messages.map(({ id }) => id),
    )
    expect(await store.stateOf(holds, 'note:1')).toBe('read')
  })

  it('is taken back where the page that held it died', async () => {
    const owner = newOwner()
    await store.postOnce(owner, note())
    await new RedisMessageStore({ ...options, lease: 100 }).claim({ owner }, { limit: 10 })
    await expect.poll(() => store.takeBack(owner, 'note:1')).toBe(true)
  })

  it('is shown within its window', async () => {
    const [early, late] = [newOwner(), newOwner()]
    const soon = new Date(Date.now() + MINUTE)
    await store.postOnce(early, note(), { from: soon, until: new Date(soon.getTime() + MINUTE) })
    expect([await texts(early), await store.claim({ owner: early }, { limit: 10 })]).toEqual([[], undefined])
    expect(await store.stateOf(early, 'note:1')).toBe('unread')
    await store.postOnce(late, note(), { until: new Date(Date.now() + 200) })
    await expect.poll(() => store.stateOf(late, 'note:1')).toBeUndefined()
    expect(await texts(late)).toEqual([])
  })

  it.each([
    ['no key', info('x'), {}, /needs a key/],
    ['an end by another way', info('x', { key: 'x', expiresIn: 1 }), {}, /not by expiresIn/],
    ['an end in the past', note(), { until: new Date(0) }, /not in the past/],
    [
      'an end before its beginning',
      note(),
      { from: new Date(Date.now() + 2 * MINUTE), until: new Date(Date.now() + MINUTE) },
      /after it begins/,
    ],
    ['an end past what is kept', note(), { until: new Date(Date.now() + 31 * 24 * 60 * MINUTE) }, /ttl/],
    ['no date', note(), { until: new Date(Number.NaN) }, /must end/],
  ])('with %s is refused', async (_, message, window, why) => {
    await expect(store.postOnce(newOwner(), message, window)).rejects.toThrow(why)
  })
})
