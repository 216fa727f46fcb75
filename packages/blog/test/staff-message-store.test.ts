import { randomUUID } from 'node:crypto'
import { expect, it } from 'vitest'
import { testRedis } from '../../../test/redis.ts'
import { endOf, type StaffMessage, StaffMessageStore } from '../src/index.ts'

const { redis, prefix } = testRedis()
let stores = 0
const newStore = () => new StaffMessageStore({ redis, prefix: `${prefix}:${++stores}` })
const message = (more: Partial<StaffMessage> = {}): StaffMessage => ({
  id: randomUUID(),
  sender: { id: '1', username: 'ada' },
  to: [{ id: '2', username: 'bob' }],
  recipients: 1,
  level: 20,
  text: 'Hello.',
  link: { href: '/', text: 'Look' },
  until: new Date(1_900_000_000_000),
  sentAt: new Date(),
  ...more,
})

it('keeps one message for one form, and how far it got', async () => {
  const store = newStore()
  const first = message()
  expect(await store.keep(first)).toEqual(first)
  expect(await store.keep({ ...first, text: 'Another one.' })).toEqual(first)
  const state = { isSent: false, broadcast: undefined, withdrawal: undefined }
  expect(await store.find(first.id)).toEqual({ message: first, state })
  await store.markSent(first.id, '123e')
  const withdrawal = { by: first.sender, at: new Date(), seen: 3, takenBack: 4 }
  await store.markWithdrawn(first.id, withdrawal)
  await store.markWithdrawn(first.id, { ...withdrawal, seen: 9 })
  expect((await store.find(first.id))?.state).toEqual({ isSent: true, broadcast: '123e', withdrawal })
  expect(await redis.ttl(`${prefix}:${stores}:staff-message:${first.id}`)).toBeGreaterThan(80 * 24 * 3600)
  expect(await store.find(randomUUID())).toBeUndefined()
})

it('knows what is over soon, and how many had seen it', async () => {
  const store = newStore()
  const [soon, later, open] = [
    message({ until: new Date(2_000) }),
    message({ until: new Date(9_000) }),
    message({ until: undefined, sentAt: new Date(3_000), from: new Date(4_000) }),
  ]
  for (const each of [soon, later, open]) await store.keep(each)
  const ending = async (from: number, until: number) =>
    (await store.ending(new Date(from), new Date(until))).map(each => each.message.id)
  expect(await ending(1_000, 8_000)).toEqual([soon.id])
  await store.noteSightings(soon.id, { at: new Date(1_500), seen: 1, seenBy: ['2'] })
  expect((await store.find(soon.id))?.state.sightings).toEqual({
    at: new Date(1_500),
    seen: 1,
    seenBy: ['2'],
  })
  expect(await ending(5_000, 10_000)).toEqual([later.id])
  // What was over before is forgotten.
  expect(await ending(0, 10_000)).toEqual([later.id])
  const inThirtyDays = 30 * 24 * 60 * 60_000 + 4_000
  expect(await ending(inThirtyDays - 1, inThirtyDays)).toEqual([open.id])
  expect(endOf(open)).toEqual(new Date(inThirtyDays))
})

it('lists them newest first, and forgets the oldest', { timeout: 30_000 }, async () => {
  const store = newStore()
  const sent: string[] = []
  for (let i = 0; i < 502; i++) {
    const { id } = await store.keep(message({ to: 'everyone', sentAt: new Date(1_000_000 + i) }))
    sent.unshift(id)
  }
  const { messages, total } = await store.page(2, 200)
  expect(total).toBe(500)
  expect(messages.map(each => each.message.id)).toEqual(sent.slice(200, 400))
})
