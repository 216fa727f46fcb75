import { describe, expect, it } from 'vitest'
import { testRedis } from '../../../test/redis.ts'
import {
  type Claim,
  info,
  MemoryMessageStore,
  type MessageStore,
  type Reader,
  RedisMessageStore,
} from '../src/index.ts'

// The scripts read an inbox from its end, and no more of it than they need: what is unread may be anywhere.
const { redis, prefix } = testRedis()
const store = new RedisMessageStore({ redis, prefix, lease: 60_000 })
const texts = (messages: readonly { text: string }[] = []) => messages.map(({ text }) => text)
let users = 0

/** A user whose inbox holds this many messages, all of them read. */
async function reader(read: number): Promise<string> {
  const owner = `reader-${++users}`
  await store.post(owner, numbered(read, 'read'))
  const claim = await store.claim({ owner }, { limit: Infinity })
  if (claim) await store.confirm(claim, new Set(claim.messages.map(({ id }) => id)))
  return owner
}

function numbered(count: number, word: string) {
  return Array.from({ length: count }, (_, i) => info(`${word} ${i}`))
}

describe('an inbox of many messages that were read', () => {
  it.each([1, 7, 8, 9, 20])('gives a page %i that came since', async count => {
    const owner = await reader(30)
    await store.post(owner, numbered(count, 'new'))
    const claim = await store.claim({ owner }, { limit: Infinity })
    expect(texts(claim?.messages)).toEqual(texts(numbered(count, 'new')))
  })

  it('gives a page what another one held and did not show, however much has come and was read since', async () => {
    const owner = await reader(5)
    await store.post(owner, numbered(2, 'held'))
    const first = await store.claim({ owner }, { limit: 2 })
    await store.post(owner, numbered(20, 'later'))
    const second = await store.claim({ owner }, { limit: Infinity })
    if (!first || !second) throw new Error('nothing was claimed')
    await store.confirm(second, new Set(second.messages.map(({ id }) => id)))
    await store.confirm(first, new Set([first.messages[1]?.id ?? '']))
    expect(texts((await store.claim({ owner }, { limit: 10 }))?.messages)).toEqual(['held 0'])
  })

  it('marks an old one as read that an open page has shown, and dismisses one that was read', async () => {
    const owner = await reader(5)
    await store.post(owner, info('old'))
    const held = await store.claim({ owner }, { limit: 1 })
    await store.post(owner, numbered(20, 'later'))
    const later = await store.claim({ owner }, { limit: Infinity })
    if (!held || !later) throw new Error('nothing was claimed')
    await store.confirm(later, new Set(later.messages.map(({ id }) => id)))
    await store.release(held)
    const [old] = (await store.unread({ owner }, { limit: 10 })).messages
    await store.read({ owner }, [old?.id ?? ''])
    expect((await store.unread({ owner }, { limit: 10 })).messages).toEqual([])
    expect(await store.dismiss(owner, old?.id ?? '')).toBe(true)
    expect(texts(await store.inbox(owner))).not.toContain('old')
  })

  it('finds what is unread before records that are not ours', async () => {
    const owner = await reader(30)
    await store.post(owner, numbered(3, 'new'))
    await redis.rpush(
      store.postArguments(owner).keys[0],
      ...Array.from({ length: 12 }, (_, i) => `foreign ${i}`),
    )
    const claim = await store.claim({ owner }, { limit: 10 })
    expect(texts(claim?.messages)).toEqual(['new 0', 'new 1', 'new 2'])
    if (claim) await store.confirm(claim, new Set(claim.messages.slice(1).map(({ id }) => id)))
    expect(texts((await store.claim({ owner }, { limit: 10 }))?.messages)).toEqual(['new 0'])
  })

  it('keeps hidden what its owner dismissed of many messages for everyone, one after the other', async () => {
    const store = new RedisMessageStore({ redis, prefix: `${prefix}-everyone` })
    for (const { text } of numbered(12, 'for everyone')) await store.broadcast(info(text))
    const claim = await store.claim({ owner: 'ann' }, { limit: Infinity })
    if (claim) await store.confirm(claim, new Set(claim.messages.map(({ id }) => id)))
    const old = (await store.inbox('ann')).toReversed()
    for (const i of [1, 10, 4]) await store.dismiss('ann', old[i]?.id ?? '')
    const left = texts((await store.inbox('ann')).toReversed())
    expect(left).toEqual(texts(old.filter((_, i) => ![1, 10, 4].includes(i))))
  })
})

// Each step is done to both stores; the one in memory looks at everything each time.
it.each(Array.from({ length: 25 }, (_, seed) => seed + 1))(
  'says of long lists what the store in memory says, whatever is done to them: seed %i',
  async seed => {
    const random = randomOf(seed)
    const stores: MessageStore[] = [
      new RedisMessageStore({ redis, prefix: `${prefix}-${seed}`, lease: 60_000 }),
      new MemoryMessageStore({ lease: 60_000 }),
    ]
    const who: Reader = { owner: 'ann', browser: 'a-browser' }
    const open: (Claim | undefined)[][] = []
    const both = <T>(step: (store: MessageStore, i: number) => Promise<T>) => Promise.all(stores.map(step))
    const places = ['ann', 'ann', 'ann', { browser: 'a-browser' }]

    for (let step = 0; step < 90; step++) {
      const choice = random(10)
      if (choice < 4) {
        const to = places[random(places.length)] ?? 'ann'
        const posted = Array.from({ length: 1 + random(2) }, (_, i) =>
          info(`message ${step}-${i}`, random(6) === 0 ? { key: `key ${random(2)}` } : {}),
        )
        await both(store => store.post(to, posted))
      } else if (choice === 4 && random(4) === 0) {
        await both(store => store.broadcast(info(`broadcast ${step}`)))
      } else if (choice < 7) {
        const limit = [1, 2, 5, Infinity][random(4)] ?? 1
        const claims = await both(store => store.claim(who, { limit }))
        expect(texts(claims[0]?.messages)).toEqual(texts(claims[1]?.messages))
        expect(claims[0]?.more).toBe(claims[1]?.more)
        if (claims[0]) open.push(claims)
      } else if (choice < 9 && open.length > 0) {
        const [claims = []] = open.splice(random(open.length), 1)
        const isShown = Array.from({ length: 200 }, () => random(4) > 0)
        const isReleased = random(3) === 0
        await both(async (store, i) => {
          const claim = claims[i]
          const shown = claim?.messages.filter((_, n) => isShown[n]).map(({ id }) => id) ?? []
          if (claim) await (isReleased ? store.release(claim) : store.confirm(claim, new Set(shown)))
        })
      } else {
        const chosen = random(1000)
        const isDismissed = random(2) === 0
        await both(async store => {
          const inbox = await store.inbox('ann')
          const id = inbox[chosen % Math.max(1, inbox.length)]?.id
          if (id !== undefined) await (isDismissed ? store.dismiss('ann', id) : store.read(who, [id]))
        })
      }
      const [redisSays, memorySays] = await both(async store => ({
        inbox: (await store.inbox('ann')).map(({ text, unread }) => `${unread ? 'unread' : 'read'}: ${text}`),
        unread: texts((await store.unread(who, { limit: 100 })).messages),
      }))
      expect(redisSays, `after step ${step}`).toEqual(memorySays)
    }
  },
)

/** Numbers from 0 that are the same each time for the same seed. */
function randomOf(seed: number): (below: number) => number {
  let state = seed
  return below => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31
    return Math.floor((state / 2 ** 31) * below)
  }
}
