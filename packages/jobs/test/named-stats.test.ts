import { RedisMessageStore } from '@tidings/messages'
import { afterAll, expect, it } from 'vitest'
import { testRedis } from '../../../test/redis.ts'
import { createJobs } from '../src/index.ts'
import { deferred, jobThat } from './definitions.ts'
import { newOwner } from './owner.ts'

const { redis, prefix } = testRedis()
const store = new RedisMessageStore({ redis, prefix, shards: 2 })
const held = deferred()
const slow = jobThat(() => held.promise, { name: 'slow' })
const quick = jobThat(() => {}, { name: 'quick' })
const urgent = jobThat(() => {}, { name: 'urgent', priority: 1 })
const all = createJobs({ redis, store, definitions: [slow, quick, urgent], sweepEvery: 0 })
// One that was deployed before there were urgent jobs.
const older = createJobs({ redis, store, definitions: [slow, quick], sweepEvery: 0 })
afterAll(() => Promise.all([all.close(), older.close()]))

it('jobs that have not ended are counted by name, of all shards, up to a limit that is told', async () => {
  const none = { waiting: 0, delayed: 0, running: 0 }
  expect([...(await all.statsByName()).names]).toEqual([
    ['slow', none],
    ['quick', none],
    ['urgent', none],
    ['', none],
  ])
  // One for each shard: then the worker takes no more.
  const worker = await all.work({ concurrency: 2 })
  for (const shard of [0, 1]) await all.enqueue(slow, {}, { owner: ownerIn(shard) })
  await expect.poll(() => worker.running).toBe(2)
  for (let i = 0; i < 6; i++) await all.enqueue(quick, {}, { owner: newOwner() })
  for (let i = 0; i < 3; i++) await all.enqueue(urgent, {}, { owner: newOwner() })
  for (let i = 0; i < 4; i++) await all.enqueue(quick, {}, { owner: newOwner(), delay: 60_000 })

  const { names, beyond } = await all.statsByName()
  expect(Object.fromEntries(names)).toEqual({
    slow: { waiting: 0, delayed: 0, running: 2 },
    quick: { waiting: 6, delayed: 4, running: 0 },
    urgent: { waiting: 3, delayed: 0, running: 0 },
    '': none,
  })
  expect(beyond).toEqual(none)
  expect((await older.statsByName()).names.get('')).toEqual({ waiting: 3, delayed: 0, running: 0 })

  const few = await all.statsByName({ limit: 4 })
  const looked = [...few.names.values()].reduce((sum, { waiting }) => sum + waiting, 0)
  expect(looked).toBeLessThanOrEqual(4)
  expect(looked + few.beyond.waiting).toBe(9)
  expect(() => all.statsByName({ limit: 0 })).toThrow('statsByName')

  held.resolve()
  await worker.close()
})

function ownerIn(shard: number): string {
  const owner = newOwner()
  return store.shardOf(owner) === shard ? owner : ownerIn(shard)
}
