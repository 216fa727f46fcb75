import { describe, expect, it } from 'vitest'
import { MemoryMessageStore } from '../src/memory-message-store.ts'
import { info } from '../src/message.ts'

const idsOf = (page: { messages: readonly { id: string }[] } | undefined) =>
  page?.messages.map(({ id }) => id) ?? []

// The contract is tested by the kit (message-store.kit.test.ts); here is what this store has beyond it.
describe('a store in memory', () => {
  it('counts and tells what is posted, shown, released, dropped unseen and expired unseen', async () => {
    let time = 1000
    const events: [string, number][] = []
    const store = new MemoryMessageStore({
      cap: 3,
      now: () => time,
      onEvent: (event, count) => events.push([event, count]),
    })
    await store.post('alice', [info('1'), info('2'), info('3'), info('4'), info('5', { expiresIn: 10 })])
    const released = await store.claim({ owner: 'alice' }, { limit: 1 })
    if (released) await store.release(released)
    const claim = await store.claim({ owner: 'alice' }, { limit: 2 })
    if (claim) await store.confirm(claim, idsOf(claim))
    time += 10
    expect(await store.claim({ owner: 'alice' }, { limit: 10 })).toBeUndefined()
    expect(events).toEqual([
      ['posted', 5],
      ['dropped', 2],
      ['released', 1],
      ['shown', 2],
      ['expired', 1],
    ])
    expect(store.counts).toEqual({ posted: 5, dropped: 2, released: 1, shown: 2, expired: 1 })
  })

  it('goes by the clock that it is given', async () => {
    let time = 5000
    const store = new MemoryMessageStore({ now: () => time })
    await store.post('alice', info('one'))
    expect(await store.claim({ owner: 'alice' }, { limit: 1 })).toMatchObject({
      messages: [{ time: new Date(5000) }],
    })
    time += 9999
    expect(await store.claim({ owner: 'alice' }, { limit: 1 })).toBeUndefined()
    time += 1
    expect((await store.claim({ owner: 'alice' }, { limit: 1 }))?.messages).toHaveLength(1)
  })

  it('keeps ids growing when the clock is set back', async () => {
    let time = 5000
    const store = new MemoryMessageStore({ now: () => time })
    await store.post('alice', info('one'))
    time = 0
    await store.post('alice', info('two'))
    expect((await store.inbox('alice')).map(({ text }) => text)).toEqual(['two', 'one'])
  })

  it("keeps an owner's messages for 30 days and a browser's for one, unless it is told otherwise", async () => {
    const day = 24 * 60 * 60 * 1000
    let time = 0
    const store = new MemoryMessageStore({ now: () => time })
    const unread = async () =>
      (await store.unread({ owner: 'a', browser: 'b' }, { limit: 10 })).messages.length
    await store.post('a', info('x'))
    await store.post({ browser: 'b' }, info('x'))
    const left: number[] = []
    for (time of [day - 1, day, 30 * day - 1, 30 * day]) left.push(await unread())
    expect(left).toEqual([2, 1, 1, 0])
  })

  it('hints when what it tells of has been written', async () => {
    const store = new MemoryMessageStore()
    const seen = new Promise<number>(resolve => {
      void store.watch({ owner: 'alice' }, () => void store.inbox('alice').then(all => resolve(all.length)))
    })
    await store.post('alice', [info('one'), info('two')])
    expect(await seen).toBe(2)
  })

  it('refuses options out of range, by name', () => {
    expect(() => new MemoryMessageStore({ cap: 0 })).toThrow(/MemoryMessageStore[\s\S]*cap/)
    expect(() => new MemoryMessageStore({ lease: 1 })).toThrow(/lease/)
  })
})
