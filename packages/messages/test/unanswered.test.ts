import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { CrashingRedis } from '../../../test/history/crashing-redis.ts'
import { info } from '../src/message.ts'
import { RedisMessageStore } from '../src/redis-message-store.ts'

const LEASE = 300
const reader = { owner: 'alice' }

let server: CrashingRedis
beforeEach(async () => {
  server = await CrashingRedis.start()
})
afterEach(() => server.end())

/** A store as a web process has it. */
function openStore() {
  const redis = server.connect({ commandTimeout: 200, maxRetriesPerRequest: 1 })
  return { redis, store: new RedisMessageStore({ redis, lease: LEASE }) }
}

/** A page of alice's, with one message on it. */
async function page(store: RedisMessageStore) {
  await store.post('alice', info('once'))
  const claim = await store.claim(reader, { limit: 10 })
  if (!claim) throw new Error('nothing was claimed')
  return { claim, ids: claim.messages.map(({ id }) => id) }
}

async function outlast(ms: number): Promise<void> {
  const end = Date.now() + ms
  await vi.waitUntil(() => Date.now() > end, { timeout: 10_000, interval: 10 })
}

it('a page that was sent before an outage longer than its lease is confirmed before the next one asks', async () => {
  const { store } = openStore()
  const { claim, ids } = await page(store)
  let confirming: Promise<void> | undefined
  await server.crash({
    down: () => {
      confirming = store.confirm(claim, ids)
      return outlast(2 * LEASE)
    },
  })
  // As soon as there is an answer: the confirm is not repeated at every moment.
  const ask = () => store.claim(reader, { limit: 10 })
  const next = await vi.waitFor(ask, { timeout: 10_000, interval: 1 })
  expect(next).toBeUndefined()
  await confirming
  expect(await store.inbox('alice')).toMatchObject([{ text: 'once', unread: false }])
})

it('a page that was not sent gives its messages back before the next one asks', async () => {
  const { store } = openStore()
  const patient = new RedisMessageStore({ redis: openStore().redis, lease: 60_000 })
  const { claim } = await page(patient)
  let releasing: Promise<void> | undefined
  await server.crash({
    down: () => {
      releasing = patient.release(claim)
      return outlast(LEASE)
    },
  })
  const next = await vi.waitFor(() => patient.claim(reader, { limit: 10 }), { timeout: 10_000, interval: 1 })
  expect(next?.messages).toMatchObject([{ text: 'once' }])
  await releasing
  expect(await store.claim(reader, { limit: 10 })).toBeUndefined()
})

it('a connection that is closed will give no answer: nothing is repeated', async () => {
  const { redis, store } = openStore()
  const { claim, ids } = await page(store)
  redis.disconnect()
  await expect(store.confirm(claim, ids)).rejects.toThrow(/closed/)
})
