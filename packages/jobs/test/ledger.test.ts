import { RedisMessageStore } from '@tidings/messages'
import { Queue, Worker } from 'bullmq'
import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { testRedis } from '../../../test/redis.ts'
import { createJobs, defineJob, type Jobs, type JobWorker } from '../src/index.ts'
import { parseLedgerEntry } from '../src/ledger-entry.ts'
import { messagesOf, newOwner, remembering, untilState } from './owner.ts'

const { redis, prefix } = testRedis()
const store = new RedisMessageStore({ redis, prefix })
const { log } = remembering()

const greet = defineJob({
  name: 'greet',
  title: 'Greet',
  input: z.object({ name: z.string() }),
  pickUpWithin: 60_000,
  run: async ({ input }) => ({ greeting: `Hello, ${input.name}.` }),
  messages: {
    success: ({ result }) => result.greeting,
    failure: ({ reason }) => `No greeting. ${reason}`,
    cancelled: ({ input, reason }) => `Nobody greets ${input.name}. ${reason}`,
  },
})

const wordy = defineJob({
  name: 'wordy',
  input: z.object({ name: z.string().transform(name => name.toUpperCase()) }),
  run: async () => {},
  messages: {
    overdue: ({ input, owner, jobId }) => `Greeting ${input.name} takes longer (${owner}, ${jobId}).`,
    success: () => 'Done.',
  },
})

const announced = defineJob({
  name: 'announced',
  title: 'Announced',
  input: z.undefined(),
  run: async () => {},
  messages: {
    started: () => 'It has begun.',
    success: () => 'Done.',
    cancelled: ({ jobId }) => ({
      text: 'It was taken away.',
      link: { href: `/jobs/${jobId}`, text: 'The job' },
    }),
  },
})

let queues = 0
const opened: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close()
})

/** Jobs of a queue of their own, swept by hand only, and BullMQ's own hold on that queue. */
function newQueue(): { jobs: Jobs; queue: Queue; key: (name: string) => string; work(): Promise<JobWorker> } {
  const name = `ledger-${++queues}`
  const jobs = createJobs({
    redis,
    store,
    definitions: [greet, wordy, announced],
    queue: name,
    sweepEvery: 0,
    log,
  })
  const queue = new Queue(name, { connection: redis, prefix })
  opened.push(jobs, queue)
  const work = async () => {
    const worker = await jobs.work({ lockDuration: 500, stalledInterval: 200 })
    opened.push(worker)
    return worker
  }
  return { jobs, queue, key: part => `${prefix}:${name}:${part}`, work }
}

const CANCELLED = [40, 'Nobody greets Ada. It was cancelled.'] as const

describe('the ledger', () => {
  it('holds a job from the moment in which it is taken to that in which it ends', async () => {
    const { jobs, key, work } = newQueue()
    const owner = newOwner()
    const { id } = await jobs.enqueue(greet, { name: 'Ada' }, { owner })
    expect(await redis.zrange(key('ledger'), '0', '-1')).toEqual([id])
    expect(parseLedgerEntry(await redis.hget(key('owed'), id))).toMatchObject({ owner, name: 'greet' })
    await work()
    expect(await messagesOf(store, owner)).toEqual([[25, 'Hello, Ada.']])
    expect(await redis.exists(key('ledger'), key('owed'))).toBe(0)
  })

  it.each(['once', 'twice'])('is swept without a word while all goes well (%s)', async () => {
    const { jobs } = newQueue()
    const owner = newOwner()
    await jobs.enqueue(greet, { name: 'Ada' }, { owner })
    expect(await jobs.sweep()).toEqual({
      owed: 1,
      overdue: 0,
      lag: 0,
      told: 0,
      reminded: 0,
      delivered: 0,
      undelivered: 0,
    })
    expect(await store.inbox(owner)).toEqual([])
  })

  it('is swept by one process at a time', async () => {
    const { jobs } = newQueue()
    const reports = await Promise.all(Array.from({ length: 5 }, () => jobs.sweep()))
    expect(reports.filter(report => report !== undefined)).toHaveLength(1)
    expect(await jobs.sweep()).toBeDefined()
  })
})

describe('a job that an operator takes away is told as cancelled, once', () => {
  const ways: Record<string, (queue: Queue, id: string) => Promise<unknown>> = {
    'by remove': async (queue, id) => (await queue.getJob(id))?.remove(),
    'by drain': queue => queue.drain(),
    'by clean': queue => queue.clean(0, 100, 'wait'),
    'by obliterate': queue => queue.obliterate({ force: true }),
  }
  it.each(Object.keys(ways))('%s', async how => {
    const { jobs, queue, key } = newQueue()
    const owner = newOwner()
    const { id } = await jobs.enqueue(greet, { name: 'Ada' }, { owner })
    await ways[how]?.(queue, id)
    expect(await jobs.sweep()).toMatchObject({ told: 1 })
    expect(await jobs.sweep()).toMatchObject({ told: 0, owed: 0 })
    expect(await messagesOf(store, owner)).toEqual([CANCELLED])
    expect(await redis.exists(key('ledger'), key('owed'))).toBe(0)
  })

  it('delayed, by drain', async () => {
    const { jobs, queue } = newQueue()
    const owner = newOwner()
    await jobs.enqueue(greet, { name: 'Ada' }, { owner, delay: 60_000 })
    await queue.drain(true)
    await jobs.sweep()
    expect(await messagesOf(store, owner)).toEqual([CANCELLED])
  })

  it('in place of what said that it was taken, with the link of its own words', async () => {
    const { jobs, queue } = newQueue()
    const owner = newOwner()
    const { id } = await jobs.enqueue(announced, undefined, { owner })
    expect(await messagesOf(store, owner)).toEqual([[20, 'It has begun.']])
    await (await queue.getJob(id))?.remove()
    await jobs.sweep()
    const link = { href: `/jobs/${id}`, text: 'The job' }
    expect(await store.inbox(owner)).toMatchObject([{ level: 40, text: 'It was taken away.', link, job: id }])
  })

  it('by its end in place of what said that it was taken, where its data was broken meanwhile', async () => {
    const { jobs, key, work } = newQueue()
    const owner = newOwner()
    const { id } = await jobs.enqueue(announced, undefined, { owner })
    await redis.hset(key(id), 'data', '{')
    await work()
    await expect.poll(() => redis.hexists(key(id), 'finishedOn')).toBe(1)
    expect(await messagesOf(store, owner)).toEqual([[40, expect.stringMatching('can not be read any more')]])
  })

  it('by the words of an entry that an earlier release has made', async () => {
    const { jobs, queue, key } = newQueue()
    const owner = newOwner()
    const { id } = await jobs.enqueue(announced, undefined, { owner })
    const [, record = ''] = String(await redis.hget(key('owed'), id)).split('\n')
    const says = (text: string) => ({
      key: `job:${id}`,
      window: '',
      json: JSON.stringify({ job: id, level: 40, text }),
    })
    const to = { list: `${prefix}:messages:user:${owner}`, reading: 'none', cap: '100', ttl: '60000' }
    const entry = { owner, name: 'announced', to, cancelled: says('Taken.'), lost: says('Lost.') }
    await redis.hset(key('owed'), id, `${JSON.stringify(entry)}\n${record}`)
    await (await queue.getJob(id))?.remove()
    await jobs.sweep()
    expect(await messagesOf(store, owner)).toEqual([[40, 'Taken.']])
  })

  it('by forgetting its owner, and leaves nothing', async () => {
    const { jobs, queue, key } = newQueue()
    const owner = newOwner()
    const { id } = await jobs.enqueue(announced, undefined, { owner })
    expect(await jobs.forget(owner)).toBe(0)
    expect(await queue.getJob(id)).toBeUndefined()
    expect(await redis.exists(key('ledger'), key('owed'))).toBe(0)
  })

  it('one of many, while others wait', async () => {
    const { jobs, queue } = newQueue()
    const owners = Array.from({ length: 30 }, newOwner)
    const ids = await Promise.all(owners.map(owner => jobs.enqueue(greet, { name: 'Ada' }, { owner })))
    await (await queue.getJob(ids[7]?.id ?? ''))?.remove()
    expect(await jobs.sweep()).toMatchObject({ told: 1, owed: 30 })
    const told = await Promise.all(owners.map(async owner => (await store.inbox(owner)).length))
    expect(told).toEqual(owners.map((_, i) => (i === 7 ? 1 : 0)))
  })
})

describe('what is stored of a job, broken by hand,', () => {
  const breaks: [string, (key: string, field: (name: string) => string, id: string) => Promise<unknown>][] = [
    ['is another kind of key', async key => [await redis.del(key), await redis.set(key, 'broken')]],
    ['has options of null', key => redis.hset(key, { opts: 'null', finishedOn: '1' })],
    [
      'has an entry that is no JSON',
      async (key, field, id) => [await redis.del(key), await redis.hset(field('owed'), id, '{')],
    ],
  ]
  it.each(breaks)('keeps nobody else from being told: %s', async (_, breakIt) => {
    const { jobs, queue, key } = newQueue()
    const owners = [newOwner(), newOwner(), newOwner()] as const
    for (const owner of owners) {
      const { id } = await jobs.enqueue(greet, { name: 'Ada' }, { owner })
      if (owner === owners[1]) await breakIt(key(id), key, id)
      else await queue.remove(id)
    }
    await jobs.sweep()
    for (const owner of [owners[0], owners[2]]) expect(await messagesOf(store, owner)).toEqual([CANCELLED])
    expect(await jobs.list({ owner: owners[1] })).toEqual([])
  })
})

it('tells once of a job whose record goes while it runs, whatever its worker says at the end', async () => {
  const name = `ledger-${++queues}`
  let end: (() => void) | undefined
  const slow = defineJob({
    ...greet,
    name: 'slow',
    run: () =>
      new Promise<{ greeting: string }>(resolve => {
        end = () => resolve({ greeting: 'Hello.' })
      }),
  })
  const jobs = createJobs({ redis, store, definitions: [slow], queue: name, sweepEvery: 0, log })
  opened.push(jobs, await jobs.work({ lockDuration: 500, stalledInterval: 200 }))
  const owner = newOwner()
  const { id } = await jobs.enqueue(slow, { name: 'Ada' }, { owner })
  await expect.poll(() => end).toBeDefined()
  await redis.del(`${prefix}:${name}:${id}`)
  const removed = await jobs.enqueue(slow, { name: 'Bob' }, { owner: newOwner(), delay: 60_000 })
  await jobs.queues[0]?.remove(removed.id)
  await jobs.sweep() // has something to look for
  expect(await messagesOf(store, owner)).toEqual([CANCELLED])
  end?.()
  // What is left of it in BullMQ's lists is taken once more when its lock is over, and is gone then.
  await expect.poll(() => jobs.stats(), { timeout: 10_000 }).toMatchObject({ waiting: 0, running: 0 })
  await jobs.sweep()
  expect(await messagesOf(store, owner)).toEqual([CANCELLED])
  expect(await jobs.stats()).toMatchObject({ owed: 0, undelivered: 0 })
})

it('tells of a job that a worker has ended which is not ours', async () => {
  const { jobs, queue } = newQueue()
  const [good, bad] = [newOwner(), newOwner()]
  await jobs.enqueue(greet, { name: 'Ada' }, { owner: good })
  await jobs.enqueue(greet, { name: 'Bob' }, { owner: bad })
  const foreign = new Worker(
    queue.name,
    async job => {
      if (job.data.input.name === 'Bob') throw new Error('secret <b>')
      return { greeting: 'Hello from elsewhere.' }
    },
    { connection: redis.duplicate({ maxRetriesPerRequest: null }), prefix },
  )
  opened.push(foreign)
  await expect.poll(() => queue.getJobCounts('completed', 'failed')).toEqual({ completed: 1, failed: 1 })
  const report = await jobs.sweep()
  expect(report).toMatchObject({ told: 2 })
  expect(report?.lag).toBeGreaterThan(0)
  expect(await messagesOf(store, good)).toEqual([[25, 'Hello from elsewhere.']])
  expect(await messagesOf(store, bad)).toEqual([[40, 'No greeting. Something went wrong on our side.']])
})

it.each(['waiting', 'delayed'])(
  'says once that a job which nobody picks up takes longer (%s), and then how it ended',
  async state => {
    const { jobs, key, work } = newQueue()
    const owner = newOwner()
    const { id } = await jobs.enqueue(
      greet,
      { name: 'Ada' },
      { owner, ...(state === 'delayed' && { delay: 60_000 }) },
    )
    await redis.zadd(key('ledger'), Date.now() - 1, id)
    expect(await jobs.sweep()).toMatchObject({ reminded: 1 })
    expect(await jobs.sweep()).toMatchObject({ reminded: 0, owed: 1 })
    expect(await messagesOf(store, owner)).toEqual([[20, 'Greet is taking longer than expected.']])
    if (state === 'delayed') return
    await work()
    // The outcome takes its place while it is unread.
    await expect.poll(() => messagesOf(store, owner)).toEqual([[25, 'Hello, Ada.']])
  },
)

it('says in the definition’s own words that a job takes longer', async () => {
  const { jobs, key } = newQueue()
  const owner = newOwner()
  const { id } = await jobs.enqueue(wordy, { name: 'Ada' }, { owner })
  await redis.zadd(key('ledger'), Date.now() - 1, id)
  expect(await jobs.sweep()).toMatchObject({ reminded: 1 })
  expect(await messagesOf(store, owner)).toEqual([[20, `Greeting ADA takes longer (${owner}, ${id}).`]])
})

it('says how jobs stand', async () => {
  const { jobs, key, work } = newQueue()
  const owner = newOwner()
  expect(await jobs.stats()).toEqual({
    waiting: 0,
    delayed: 0,
    running: 0,
    completed: 0,
    failed: 0,
    oldestWaiting: 0,
    owed: 0,
    overdue: 0,
    undelivered: 0,
    dropped: 0,
  })
  const { id } = await jobs.enqueue(greet, { name: 'Ada' }, { owner })
  await jobs.enqueue(greet, { name: 'Ada' }, { owner, delay: 60_000 })
  await jobs.enqueue(greet, { name: 'Ada' }, { owner, priority: 2 })
  await redis.zadd(key('ledger'), Date.now() - 5000, id)
  const stats = await jobs.stats()
  expect(stats).toMatchObject({ waiting: 2, delayed: 1, owed: 3 })
  expect(stats.overdue).toBeGreaterThanOrEqual(5000)
  await work()
  await expect.poll(async () => (await jobs.stats()).owed).toBe(1)
  expect(jobs.counts).toMatchObject({ success: 2, failure: 0 })
})

it('is due when it should have been picked up, and not before', async () => {
  const { jobs, key } = newQueue()
  const before = Date.now()
  const { id } = await jobs.enqueue(greet, { name: 'Ada' }, { owner: newOwner(), delay: 1000 })
  expect(Number(await redis.zscore(key('ledger'), id))).toBeGreaterThanOrEqual(before + 61_000)
  expect(Number(await redis.zscore(key('ledger'), id))).toBeLessThanOrEqual(Date.now() + 61_000)
})

it('does not remind of a job that was begun', async () => {
  const { jobs, key } = newQueue()
  const owner = newOwner()
  const { id } = await jobs.enqueue(greet, { name: 'Ada' }, { owner })
  await redis.hset(key(id), 'processedOn', Date.now())
  await redis.zadd(key('ledger'), Date.now() - 1, id)
  expect(await jobs.sweep()).toMatchObject({ reminded: 0, owed: 1 })
  expect(await redis.zscore(key('ledger'), id)).toBe('inf')
})

describe('a stored job that can not be read ends, and its owner is told once', () => {
  const LOST = [40, 'No greeting. What was stored of it can not be read any more.']
  it.each([
    ['its data is broken', (key: string) => redis.hset(key, 'data', '{"owner":')],
    ['its data has no owner', (key: string) => redis.hset(key, 'data', '{}')],
    ['its options are broken', (key: string) => redis.hset(key, 'opts', '{"attempts":')],
    ['all of it is gone but its place in the queue', (key: string) => redis.del(key)],
  ])('%s', async (_, spoil) => {
    const { jobs, key, work } = newQueue()
    const owner = newOwner()
    const { id } = await jobs.enqueue(greet, { name: 'Ada' }, { owner })
    const { id: next } = await jobs.enqueue(greet, { name: 'Bob' }, { owner: newOwner() })
    await spoil(key(id))
    await work()
    await untilState(jobs, next, 'completed') // the queue goes on
    const told = await messagesOf(store, owner)
    expect([LOST, CANCELLED, [25, 'Hello, Ada.']]).toContainEqual(told[0])
    expect(told).toHaveLength(1)
    await jobs.sweep()
    expect(await messagesOf(store, owner)).toEqual(told)
    expect(await redis.zcard(key('ledger'))).toBe(0)
  })
})

describe('what can not be delivered', () => {
  it('waits, is counted, and is delivered once when it can be', async () => {
    const { jobs, key, work } = newQueue()
    const owner = newOwner()
    const list = `${prefix}:messages:user:${owner}`
    await redis.set(list, 'not a list')
    const { id } = await jobs.enqueue(greet, { name: 'Ada' }, { owner })
    await work()
    await untilState(jobs, id, 'completed')
    expect(await jobs.sweep()).toMatchObject({ undelivered: 1, delivered: 0 })
    await redis.del(list)
    expect(await jobs.sweep()).toMatchObject({ undelivered: 0, delivered: 1 })
    expect(await messagesOf(store, owner)).toEqual([[25, 'Hello, Ada.']])
    expect(await redis.llen(key('undelivered'))).toBe(0)
  })
})

describe('a retry by hand', () => {
  it('is owed again, and its outcome replaces the unread one', async () => {
    const { jobs, key, work } = newQueue()
    const owner = newOwner()
    const { id } = await jobs.enqueue(greet, { name: 'Ada' }, { owner })
    expect(await jobs.retry(id, { owner })).toBe(false)
    await jobs.cancel(id, { owner })
    expect(await messagesOf(store, owner)).toEqual([CANCELLED])
    expect(await jobs.retry(id, { owner: 'mallory' })).toBe(false)
    expect(await jobs.retry(id, { owner })).toBe(true)
    expect(await redis.zrange(key('ledger'), '0', '-1')).toEqual([id])
    await work()
    await expect.poll(() => messagesOf(store, owner)).toEqual([[25, 'Hello, Ada.']])
  })

  it('by another tool, of a job that had ended well, has its outcome replace the unread one, too', async () => {
    const { jobs, queue, work } = newQueue()
    const owner = newOwner()
    const { id } = await jobs.enqueue(greet, { name: 'Ada' }, { owner })
    await work()
    await untilState(jobs, id, 'completed')
    const before = (await store.inbox(owner))[0]?.id
    const job = await queue.getJob(id)
    await job?.retry('completed', { resetAttemptsMade: true, resetAttemptsStarted: true })
    await expect.poll(async () => (await store.inbox(owner))[0]?.id).not.toBe(before)
    expect(await messagesOf(store, owner)).toEqual([[25, 'Hello, Ada.']])
  })

  it.each(['by another tool', 'by hand'])(
    '%s, of a job that was announced and has failed, leaves nothing but its outcome',
    async how => {
      const { jobs, queue, work } = newQueue()
      const owner = newOwner()
      const { id } = await jobs.enqueue(announced, undefined, { owner })
      await jobs.cancel(id, { owner })
      expect((await store.inbox(owner)).map(({ text }) => text)).toEqual(['It was taken away.'])
      if (how === 'by hand') await jobs.retry(id, { owner })
      else await (await queue.getJob(id))?.retry('failed')
      await work()
      await expect.poll(() => messagesOf(store, owner)).toEqual([[25, 'Done.']])
    },
  )

  it('is told as cancelled where it is removed', async () => {
    const { jobs, queue } = newQueue()
    const owner = newOwner()
    const { id } = await jobs.enqueue(greet, { name: 'Ada' }, { owner })
    await jobs.cancel(id, { owner })
    const claim = await store.claim({ owner }, { limit: 10 })
    if (claim)
      await store.confirm(
        claim,
        claim.messages.map(message => message.id),
      )
    await jobs.retry(id, { owner })
    await (await queue.getJob(id))?.remove()
    await jobs.sweep()
    expect(await messagesOf(store, owner, 2)).toEqual([CANCELLED, CANCELLED])
  })
})
