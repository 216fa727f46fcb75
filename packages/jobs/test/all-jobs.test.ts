import { RedisMessageStore } from '@tidings/messages'
import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { testRedis } from '../../../test/redis.ts'
import { createJobs, defineJob, type JobFilter, type Jobs, type JobView } from '../src/index.ts'
import { ownersOfEachShard } from './all-endings.ts'
import { untilState } from './owner.ts'

const { redis, prefix } = testRedis()
const opened: { close(options?: { force: boolean }): Promise<void> }[] = []
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close({ force: true })
})

const jobThat = (name: string) =>
  defineJob({
    name,
    input: z.object({ how: z.enum(['succeed', 'fail', 'wait']).default('succeed') }),
    async run({ input: { how }, signal }) {
      if (how === 'fail') throw new Error('no')
      if (how === 'wait')
        await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    },
    messages: { success: () => 'Done.' },
  })
const read = jobThat('read')
const write = jobThat('write')

let queues = 0
function open({ shards = 1 } = {}) {
  const store = new RedisMessageStore({ redis, prefix: `{${prefix.slice(1, -1)}-${++queues}}`, shards })
  const jobs = createJobs({ redis, store, definitions: [read, write], sweepEvery: 0 })
  opened.push(jobs)
  const work = async (options: Parameters<Jobs['work']>[0] = {}) => {
    const worker = await jobs.work(options)
    opened.push(worker)
    return worker
  }
  const key = (name: string) => `${store.prefixes[0]}:jobs:${name}`
  return { store, jobs, work, key }
}

/** All pages of a filter. */
async function pages(jobs: Jobs, filter: JobFilter): Promise<JobView[][]> {
  const all: JobView[][] = []
  let cursor: string | undefined
  do {
    const page = await jobs.listAll({ ...filter, cursor })
    all.push([...page.jobs])
    cursor = page.next
  } while (cursor !== undefined)
  return all
}
const ids = (jobs: readonly JobView[]) => jobs.map(({ id }) => id)

describe.each([1, 3])('the jobs of all owners, with shards: %i', shards => {
  it('are listed state by state, those that run first', async () => {
    const { jobs, work, store } = open({ shards })
    const owners = ownersOfEachShard(store, 0)
    const enqueue = (how: 'succeed' | 'fail' | 'wait', options = {}) =>
      Promise.all(owners.map(async owner => (await jobs.enqueue(read, { how }, { owner, ...options })).id))
    const failed = await enqueue('fail')
    const done = await enqueue('succeed')
    const running = await enqueue('wait')
    const worker = await work({ concurrency: 2 * shards })
    for (const id of done) await untilState(jobs, id, 'completed')
    for (const id of failed) await untilState(jobs, id, 'failed')
    for (const id of running) await untilState(jobs, id, 'active')
    await Promise.all(jobs.queues.map(queue => queue.pause())) // what follows stays where it is
    const delayed = await enqueue('succeed', { delay: 60_000 })
    const urgent = await enqueue('succeed', { priority: 1 })
    const waiting = await enqueue('succeed')
    const { jobs: all, next } = await jobs.listAll()
    expect(next).toBeUndefined()
    expect(all.map(({ state }) => state)).toEqual(
      ['active', 'waiting', 'waiting', 'delayed', 'failed', 'completed'].flatMap(state =>
        owners.map(() => state),
      ),
    )
    const byState = async (state: JobFilter['state']) => new Set(ids((await jobs.listAll({ state })).jobs))
    expect(await byState('active')).toEqual(new Set(running))
    expect(await byState('waiting')).toEqual(new Set([...waiting, ...urgent]))
    expect(await byState('delayed')).toEqual(new Set(delayed))
    expect(await byState('failed')).toEqual(new Set(failed))
    expect(await byState('completed')).toEqual(new Set(done))
    expect(await jobs.stats()).toMatchObject({ failed: shards, completed: shards, running: shards })
    await worker.close({ force: true })
  })

  it('come in pages, without one twice, also where others end meanwhile', async () => {
    const { jobs, store } = open({ shards })
    const owners = ownersOfEachShard(store, 0)
    const cancelled: string[] = []
    for (let i = 0; i < 7; i++)
      for (const owner of owners) {
        const { id } = await jobs.enqueue(read, {}, { owner })
        await jobs.cancel(id, { owner })
        cancelled.unshift(id)
      }
    const all = await pages(jobs, { limit: 3 })
    expect(all.map(page => page.length)).toEqual(
      Array.from({ length: Math.ceil((7 * shards) / 3) }, (_, i) => Math.min(3, 7 * shards - 3 * i)),
    )
    expect(new Set(ids(all.flat()))).toEqual(new Set(cancelled))

    const first = await jobs.listAll({ state: 'failed', limit: 3 })
    const [owner = ''] = owners
    const { id } = await jobs.enqueue(read, {}, { owner })
    await jobs.cancel(id, { owner })
    const rest = await jobs.listAll({ state: 'failed', limit: 200, cursor: first.next })
    expect(ids([...first.jobs, ...rest.jobs]).sort()).toEqual([...cancelled].sort())
  })

  it('are found by name, by owner and by time', async () => {
    const { jobs, store } = open({ shards })
    const owners = ownersOfEachShard(store, 0)
    const [owner = ''] = owners
    const ended: string[] = []
    for (const definition of [read, write])
      for (const each of owners) {
        const { id } = await jobs.enqueue(definition, {}, { owner: each })
        await jobs.cancel(id, { owner: each })
        ended.push(id)
      }
    const { id: waiting } = await jobs.enqueue(write, {}, { owner })
    expect(new Set(ids((await jobs.listAll({ name: 'write' })).jobs))).toEqual(
      new Set([...ended.slice(shards), waiting]),
    )
    const own = await pages(jobs, { owner, limit: 2 })
    expect(own.map(page => page.length)).toEqual([2, 1])
    expect(own.flat().every(job => job.owner === owner)).toBe(true)
    expect(ids((await jobs.listAll({ owner, state: 'waiting' })).jobs)).toEqual([waiting])
    const last = (await jobs.find(ended.at(-1) ?? '', {}))?.finishedAt ?? new Date(0)
    const later = new Date(last.getTime() + 1)
    expect(ids((await jobs.listAll({ after: last, state: 'failed' })).jobs)).toContain(ended.at(-1))
    expect(ids((await jobs.listAll({ after: later, state: 'failed' })).jobs)).toEqual([])
    expect(ids((await jobs.listAll({ before: last })).jobs)).not.toContain(ended.at(-1))
    expect(ids((await jobs.listAll({ before: new Date(0) })).jobs)).toEqual([])
  })
})

it('a filter that nothing matches looks at a bounded number of jobs, and says where to go on', async () => {
  const { jobs } = open()
  await Promise.all(
    Array.from({ length: 1001 }, () => jobs.enqueue(read, {}, { owner: 'alice', delay: 60_000 })),
  )
  const { jobs: none, next } = await jobs.listAll({ name: 'write' })
  expect(none).toEqual([])
  expect(next).toEqual(expect.any(String))
  expect(await jobs.listAll({ name: 'write', cursor: next })).toEqual({ jobs: [] })
})

it('refuses filters out of range, and cursors that it never gave', async () => {
  const { jobs } = open()
  const { jobs: sharded } = open({ shards: 3 })
  await expect(jobs.listAll({ limit: 201 })).rejects.toThrow(/limit/)
  await expect(jobs.listAll({ state: 'lost' as 'failed' })).rejects.toThrow(/state/)
  for (const cursor of ['', '!', 'null', Buffer.from('{"state":99}').toString('base64url')])
    await expect(jobs.listAll({ cursor }), cursor).rejects.toThrow(/expected a cursor/)
  for (let i = 0; i < 2; i++) await jobs.enqueue(read, {}, { owner: 'alice' })
  const { next } = await jobs.listAll({ limit: 1 })
  await expect(sharded.listAll({ cursor: next })).rejects.toThrow(/number of shards/)
})

describe('the oldest that waits', () => {
  it('is as old as the time since it was ready to be picked up', async () => {
    const { jobs, key } = open()
    const { id } = await jobs.enqueue(read, {}, { owner: 'alice' })
    await jobs.enqueue(read, {}, { owner: 'alice', delay: 60_000 })
    await redis.hset(key(id), 'timestamp', Date.now() - 60_000)
    await redis.zincrby(key('ledger'), -60_000, id)
    const { oldestWaiting } = await jobs.stats()
    expect(oldestWaiting).toBeGreaterThanOrEqual(60_000)
    expect(oldestWaiting).toBeLessThan(120_000)
  })

  it('is not as old as a job that was tried again by hand', async () => {
    const { jobs, key } = open()
    const { id } = await jobs.enqueue(read, {}, { owner: 'alice' })
    await jobs.cancel(id, {})
    await redis.hset(key(id), 'timestamp', Date.now() - 3_600_000)
    await jobs.retry(id, {})
    expect((await jobs.stats()).oldestWaiting).toBeLessThan(600_000)
  })
})

describe('workers that live', () => {
  it('say where and since when they run, and what they do', async () => {
    const { jobs, work } = open({ shards: 3 })
    expect(await jobs.workers()).toEqual([])
    const before = Date.now()
    const worker = await work({ concurrency: 6, version: '1.2.3' })
    const [living, ...more] = await jobs.workers()
    expect(more).toEqual([])
    expect(living).toMatchObject({
      pid: process.pid,
      node: process.versions.node,
      version: '1.2.3',
      concurrency: 6,
      running: 0,
    })
    expect(living?.host).not.toBe('')
    expect(living?.heard).toBeGreaterThanOrEqual(0)
    expect(living?.since.getTime()).toBeGreaterThanOrEqual(before)
    await worker.close()
    expect(await jobs.workers()).toEqual([])
  })

  it('say it again, with what runs', { timeout: 40_000 }, async () => {
    const { jobs, work } = open()
    await work()
    const { id } = await jobs.enqueue(read, { how: 'wait' }, { owner: 'alice' })
    await untilState(jobs, id, 'active')
    await expect.poll(async () => (await jobs.workers())[0]?.running, { timeout: 30_000 }).toBe(1)
  })

  it('are those that were heard of late: one that was killed is forgotten', async () => {
    const { jobs, work, key } = open()
    await work()
    const [[id, entry = ''] = ['']] = Object.entries(await redis.hgetall(key('workers')))
    const longAgo = Date.now() - 16_000
    await redis.hset(key('workers'), 'dead', entry.replace(/^\d+/, String(longAgo)), 'broken', 'nonsense')
    expect((await jobs.workers()).map(worker => worker.id)).toEqual([id])
    expect(await redis.hkeys(key('workers'))).toEqual([id])
  })

  it('begin and end where Redis does not let them say so', async () => {
    const { jobs, key } = open()
    await redis.set(key('workers'), 'not a hash')
    const worker = await jobs.work()
    await worker.close()
  })
})

it("BullMQ's queues are given to those who look, and take no job past the ledger", async () => {
  const { jobs, store } = open({ shards: 3 })
  const [owner = ''] = ownersOfEachShard(store, 0)
  const { id } = await jobs.enqueue(read, {}, { owner })
  const found = await Promise.all(jobs.queues.map(queue => queue.getJob(id)))
  expect(found.filter(Boolean)).toHaveLength(1)
  await expect(jobs.queues[0]?.add('read', {})).rejects.toThrow(/past Jobs.enqueue/)
})
