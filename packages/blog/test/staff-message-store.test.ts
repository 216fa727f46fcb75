import { randomUUID } from 'node:crypto'
import { expect, it } from 'vitest'
import { testRedis } from '../../../test/redis.ts'
import { type StaffMessage, StaffMessageStore } from '../src/index.ts'

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
