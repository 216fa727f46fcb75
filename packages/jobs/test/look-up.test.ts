import { RedisMessageStore } from '@tidings/messages'
import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { testRedis } from '../../../test/redis.ts'
import { createJobs, defineJob, JobFailure, type JobsOptions, type JobView, partial } from '../src/index.ts'
import { deferred } from './definitions.ts'
import { newOwner, untilState } from './owner.ts'

const { redis, prefix } = testRedis()
const store = new RedisMessageStore({ redis, prefix })

let gate = deferred()
const obey = defineJob({
  name: 'obey',
  input: z.object({ how: z.string() }),
  attempts: 2,
  async run({ input: { how }, progress, attempt }) {
    if (how === 'fail') throw new JobFailure('It was told to.')
    if (how === 'flaky' && attempt === 1) throw new Error('not yet')
    if (how === 'part') return partial('some')
    if (how === 'wait') {
      await progress(50, 'half')
      await gate.promise
    }
    return 'all'
  },
  messages: { success: () => 'Done.' },
})
const other = defineJob({
  name: 'other',
  input: z.object({}),
  run: async () => 'all',
  messages: { success: () => 'Done.' },
})

let queues = 0
const opened: { close(): Promise<void> }[] = []
afterEach(async () => {
  gate.resolve()
  for (const one of opened.splice(0).reverse()) await one.close()
  gate = deferred()
})

function newJobs(options: Partial<JobsOptions> = {}) {
  const queue = `look-up-${++queues}`
  const jobs = createJobs({ redis, store, definitions: [obey, other], queue, sweepEvery: 0, ...options })
  opened.push(jobs)
  return {
    jobs,
    queue,
    start: async (owner: string, how: string, more: { priority?: number } = {}) =>
      (await jobs.enqueue(obey, { how }, { owner, ...more })).id,
    work: async () => {
      const worker = await jobs.work({ concurrency: 1 })
      opened.push(worker)
      return worker
    },
  }
}

describe('the place of a job', () => {
  it('is exact where jobs run in the order in which they came', async () => {
    const { jobs, start } = newJobs()
    const [ada, bob] = [newOwner(), newOwner()]
    const ids = [await start(ada, 'x'), await start(bob, 'x'), await start(ada, 'x')]
    const places = await Promise.all(ids.map(async id => (await jobs.find(id, {}))?.place))
    expect(places).toEqual([1, 2, 3].map(number => ({ number, is: 'exact' })))
    await jobs.cancel(ids[0] ?? '', { owner: ada })
    expect((await jobs.find(ids[2] ?? '', { owner: ada }))?.place).toEqual({ number: 2, is: 'exact' })
  })

  it('is about right where jobs have priorities, which come after all that have none', async () => {
    const { jobs, start } = newJobs()
    const owner = newOwner()
    const late = await start(owner, 'x', { priority: 9 })
    const early = await start(owner, 'x', { priority: 1 })
    await start(owner, 'x')
    expect((await jobs.find(early, { owner }))?.place).toEqual({ number: 2, is: 'about' })
    expect((await jobs.find(late, { owner }))?.place).toEqual({ number: 3, is: 'about' })
  })

  it('is about right where owners take turns', async () => {
    const { jobs, start } = newJobs({ fair: true })
    const [ada, bob] = [newOwner(), newOwner()]
    await start(ada, 'x')
    const second = await start(ada, 'x')
    expect((await jobs.find(second, { owner: ada }))?.place).toEqual({ number: 2, is: 'about' })
    await start(bob, 'x')
    expect((await jobs.find(second, { owner: ada }))?.place).toEqual({ number: 3, is: 'about' })
  })

  it('is looked for among a thousand, and no further', async () => {
    const { jobs, queue, start } = newJobs()
    const owner = newOwner()
    const ahead = (count: number) =>
      redis.rpush(`${prefix}:${queue}:wait`, ...Array.from({ length: count }, (_, i) => `ahead-${i}`))
    const id = await start(owner, 'x')
    await ahead(999)
    expect((await jobs.find(id, { owner }))?.place).toEqual({ number: 1000, is: 'exact' })
    await ahead(1)
    expect((await jobs.find(id, { owner }))?.place).toEqual({ number: 1000, is: 'over' })
  })

  it('is none for a job that doesn’t wait', async () => {
    const { jobs, start, work } = newJobs()
    const owner = newOwner()
    const { id: delayed } = await jobs.enqueue(obey, { how: 'x' }, { owner, delay: 60_000 })
    const running = await start(owner, 'wait')
    await work()
    await untilState(jobs, running, 'active')
    for (const id of [delayed, running]) expect(await jobs.find(id, { owner })).not.toHaveProperty('place')
  })
})

describe('the list of an owner’s jobs', () => {
  it('is told apart by how they stand and what they are, and read in pages', async () => {
    const { jobs, start, work } = newJobs()
    const owner = newOwner()
    const cancelled = await start(owner, 'x')
    await jobs.cancel(cancelled, { owner })
    const failed = await start(owner, 'fail')
    const flaky = await start(owner, 'flaky')
    const part = await start(owner, 'part')
    const { id: another } = await jobs.enqueue(other, {}, { owner })
    await work()
    for (const id of [flaky, part, another]) await untilState(jobs, id, 'completed')
    const open = await start(owner, 'wait')
    const { id: delayed } = await jobs.enqueue(obey, { how: 'x' }, { owner, delay: 60_000 })
    await start(newOwner(), 'wait')

    const ids = async (options: object) => (await jobs.list({ owner, ...options })).map(({ id }) => id)
    expect(await ids({})).toEqual([delayed, open, another, part, flaky, failed, cancelled])
    expect(await jobs.find(flaky, { owner })).toMatchObject({ outcome: 'success', result: 'all' })
    expect(await ids({ state: 'unfinished' })).toEqual([delayed, open])
    expect(await ids({ state: 'completed' })).toEqual([another, part, flaky])
    expect(await ids({ state: 'failed' })).toEqual([failed])
    expect(await ids({ state: 'cancelled' })).toEqual([cancelled])
    expect(await ids({ name: 'other' })).toEqual([another])
    expect(await ids({ name: 'other', state: 'failed' })).toEqual([])
    expect(await ids({ limit: 2, offset: 2 })).toEqual([another, part])
    expect(await ids({ limit: 2, offset: 2, state: 'completed' })).toEqual([flaky])
    expect(await ids({ offset: 7 })).toEqual([])
  })

  it('is kept for as long as one of them has to wait for its time', async () => {
    const { jobs, start } = newJobs()
    const owner = newOwner()
    const day = 24 * 60 * 60
    const left = async () => (await redis.ttl(`${prefix}:jobs-of:${owner}`)) / day
    await start(owner, 'x')
    expect(await left()).toBeGreaterThanOrEqual(3)
    await jobs.enqueue(obey, { how: 'x' }, { owner, delay: 20 * day * 1000 })
    expect(await left()).toBeGreaterThanOrEqual(23)
    await start(owner, 'x')
    expect(await left()).toBeGreaterThanOrEqual(22.9)
  })

  it('leaves out what was removed, and refuses what it doesn’t know', async () => {
    const { jobs, queue, start } = newJobs()
    const owner = newOwner()
    const [first, second] = [await start(owner, 'x'), await start(owner, 'x')]
    await redis.del(`${prefix}:${queue}:${second}`)
    expect((await jobs.list({ owner })).map(({ id }) => id)).toEqual([first])
    await expect(jobs.list({ owner, offset: -1 })).rejects.toThrow(TypeError)
    await expect(jobs.list({ owner, state: 'gone' as 'failed' })).rejects.toThrow(TypeError)
  })
})

describe('following a job', () => {
  it('tells each change until it has ended', async () => {
    const { jobs, start, work } = newJobs()
    const owner = newOwner()
    const id = await start(owner, 'wait')
    const seen: JobView[] = []
    const following = (async () => {
      for await (const view of jobs.follow(id, { owner })) seen.push(view)
    })()
    await expect.poll(() => seen[0]?.place).toEqual({ number: 1, is: 'exact' })
    await work()
    await expect.poll(() => seen.at(-1)?.progress?.text, { timeout: 10_000 }).toBe('half')
    gate.resolve()
    await following
    expect(seen.at(-1)).toMatchObject({ state: 'completed', result: 'all' })
    expect(new Set(seen.map(view => JSON.stringify(view))).size).toBe(seen.length)
  })

  it('tells how one has ended that had ended before, and nothing of one that is somebody else’s', async () => {
    const { jobs, start } = newJobs()
    const owner = newOwner()
    const id = await start(owner, 'x')
    await jobs.cancel(id, { owner })
    const all = async (whose: string) => {
      const outcomes = []
      for await (const { outcome } of jobs.follow(id, { owner: whose })) outcomes.push(outcome)
      return outcomes
    }
    expect(await all(owner)).toEqual(['cancelled'])
    expect(await all(newOwner())).toEqual([])
  })

  it('notices that others before it have gone, and that it is gone itself', async () => {
    const { jobs, queue, start } = newJobs()
    const owner = newOwner()
    const [first, second] = [await start(owner, 'x'), await start(owner, 'x')]
    const places: unknown[] = []
    const following = (async () => {
      for await (const { place } of jobs.follow(second, { owner })) places.push(place?.number)
    })()
    await expect.poll(() => places).toEqual([2])
    await jobs.cancel(first, { owner })
    await expect.poll(() => places, { timeout: 10_000 }).toEqual([2, 1])
    await redis.del(`${prefix}:${queue}:${second}`)
    await following
    expect(places).toEqual([2, 1])
  })

  it('ends when it is told to', async () => {
    const { jobs, start } = newJobs()
    const owner = newOwner()
    const id = await start(owner, 'x')
    const stop = new AbortController()
    const states = []
    for await (const { state } of jobs.follow(id, { owner, signal: stop.signal })) {
      states.push(state)
      stop.abort()
    }
    expect(states).toEqual(['waiting'])
  })
})
