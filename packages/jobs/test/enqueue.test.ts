import { RedisMessageStore } from '@tidings/messages'
import { UnrecoverableError } from 'bullmq'
import { Redis } from 'ioredis'
import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { testRedis } from '../../../test/redis.ts'
import {
  createJobs,
  defineJob,
  InvalidInputError,
  type Jobs,
  type JobsOptions,
  KeyReusedError,
  partial,
  TooManyJobsError,
} from '../src/index.ts'
import { messagesOf, newOwner, untilState } from './owner.ts'

const { redis, prefix } = testRedis()
const store = new RedisMessageStore({ redis, prefix })

const ran: string[] = []
const count = defineJob({
  name: 'count',
  title: 'Count words',
  input: z.object({ text: z.string() }),
  async run({ input: { text }, owner }) {
    ran.push(`${owner}: ${text}`)
    if (text === 'bad') throw new UnrecoverableError('bad')
    return text === 'half' ? partial(1) : text.split(' ').length
  },
  messages: {
    started: ({ input }) => (input.text === 'quiet' ? undefined : `Counting "${input.text}".`),
    success: ({ result }) => `${result} words.`,
  },
})

let queues = 0
const opened: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close()
})
function newJobs(options: Partial<JobsOptions> = {}): Jobs {
  const jobs = createJobs({
    redis,
    store,
    definitions: [count],
    queue: `enqueue-${++queues}`,
    sweepEvery: 0,
    ...options,
  })
  opened.push(jobs)
  return jobs
}
async function work(jobs: Jobs, concurrency = 1): Promise<void> {
  opened.push(await jobs.work({ concurrency }))
}

describe('the message that says that a job has begun', () => {
  it('is there when enqueue has answered, and gives way to the outcome', async () => {
    const jobs = newJobs()
    const owner = newOwner()
    await jobs.enqueue(count, { text: 'one two' }, { owner })
    expect(await messagesOf(store, owner)).toEqual([[20, 'Counting "one two".']])
    await work(jobs)
    await expect.poll(() => messagesOf(store, owner)).toEqual([[25, '2 words.']])
  })

  it('stays where it was read, and the outcome comes after it', async () => {
    const jobs = newJobs()
    const owner = newOwner()
    await jobs.enqueue(count, { text: 'one two' }, { owner })
    await store.read(
      { owner },
      (await store.inbox(owner)).map(({ id }) => id),
    )
    await work(jobs)
    expect(await messagesOf(store, owner, 2)).toEqual([
      [20, 'Counting "one two".'],
      [25, '2 words.'],
    ])
  })

  it('is not posted again for the same idempotency key, nor where the definition has none', async () => {
    const jobs = newJobs()
    const owner = newOwner()
    const options = { owner, idempotencyKey: 'k' }
    await Promise.all([1, 2, 3].map(() => jobs.enqueue(count, { text: 'a' }, options)))
    expect(await store.inbox(owner)).toHaveLength(1)
    await jobs.enqueue(count, { text: 'quiet' }, { owner })
    expect(await store.inbox(owner)).toHaveLength(1)
  })

  it('keeps no job from being taken where the list is broken', async () => {
    const jobs = newJobs()
    const owner = newOwner()
    await redis.set(`${prefix}:messages:user:${owner}`, 'not a list')
    const { id } = await jobs.enqueue(count, { text: 'a' }, { owner })
    expect(await jobs.find(id, { owner })).toMatchObject({ state: 'waiting' })
  })
})

describe('input', () => {
  const anything = defineJob({
    name: 'anything',
    input: z.any(),
    run: async ({ input }) => `${typeof input} ${JSON.stringify(input)}`,
    messages: { success: ({ input, result }) => `${result}, ${input}.` },
  })
  const day = { input: z.object({ day: z.date() }), run: async () => 1, messages: { success: () => 'Done.' } }
  const strict = defineJob({ ...day, name: 'strict' })
  const lenient = defineJob({ ...day, name: 'lenient', input: z.object({ day: z.coerce.date() }) })

  it('may be none at all', async () => {
    const jobs = newJobs({ definitions: [anything] })
    await work(jobs)
    const owner = newOwner()
    const options = { owner, idempotencyKey: 'none' }
    const { id } = await jobs.enqueue(anything, undefined, options)
    expect(await jobs.enqueue(anything, undefined, options)).toEqual({ id })
    expect(await messagesOf(store, owner, 1)).toEqual([[25, 'undefined undefined, undefined.']])
    expect(await jobs.find(id, { owner })).toMatchObject({ outcome: 'success', input: undefined })
    const batch = newOwner()
    await jobs.enqueueBatch(anything, [undefined, undefined], { owner: batch })
    expect(await messagesOf(store, batch, 1)).toEqual([[25, 'Anything: 2 of 2 finished.']])
  })

  it('that JSON can not hold, or gives back as what the schema refuses, is refused at once', async () => {
    const jobs = newJobs({ definitions: [anything, strict, lenient] })
    await work(jobs)
    const owner = newOwner()
    const circle: unknown[] = []
    circle.push(circle)
    for (const odd of [1n, { deep: [1n] }, circle, { toJSON: () => 2n }])
      await expect(jobs.enqueue(anything, odd, { owner })).rejects.toThrow(
        /^Input of job "anything" was refused: input: expected what JSON can hold/,
      )
    const today = { day: new Date() }
    await expect(jobs.enqueue(strict, today, { owner })).rejects.toThrow(
      /"strict" was refused: day: .*expected date/,
    )
    await expect(jobs.enqueueBatch(strict, [today], { owner })).rejects.toThrow(InvalidInputError)
    expect(await jobs.list({ owner })).toEqual([])
    await jobs.enqueue(lenient, today, { owner })
    expect(await messagesOf(store, owner, 1)).toEqual([[25, 'Done.']])
  })
})

describe('an idempotency key', () => {
  it('holds for a day, also when the job is gone by then', async () => {
    const jobs = newJobs()
    const options = { owner: newOwner(), idempotencyKey: 'form' }
    const first = await jobs.enqueue(count, { text: 'a' }, options)
    await work(jobs)
    await untilState(jobs, first.id, 'completed')
    await redis.del(`${prefix}:enqueue-${queues}:${first.id}`)
    expect(await jobs.enqueue(count, { text: 'a' }, options)).toEqual(first)
    expect(ran.filter(line => line.startsWith(`${options.owner}: `))).toHaveLength(1)
    const ttl = await redis.pttl(`${prefix}:enqueue-${queues}:once:${first.id}`)
    expect(ttl / 3_600_000).toBeGreaterThan(23.9)
    expect(ttl / 3_600_000).toBeLessThanOrEqual(24)
  })

  it('is refused with other input', async () => {
    const jobs = newJobs()
    const options = { owner: newOwner(), idempotencyKey: 'form' }
    await jobs.enqueue(count, { text: 'a' }, options)
    await expect(jobs.enqueue(count, { text: 'b' }, options)).rejects.toThrow(KeyReusedError)
    await expect(jobs.enqueue(count, { text: 'b' }, { ...options, owner: newOwner() })).resolves.toBeDefined()
  })

  it('holds for input that differs, where the caller says what makes it the same', async () => {
    const jobs = newJobs()
    const options = { owner: newOwner(), idempotencyKey: 'form', sameInput: 'digest' }
    const first = await jobs.enqueue(count, { text: 'a' }, options)
    expect(await jobs.enqueue(count, { text: 'b' }, options)).toEqual(first)
    const other = jobs.enqueue(count, { text: 'a' }, { ...options, sameInput: 'other' })
    await expect(other).rejects.toThrow(KeyReusedError)
  })

  it('starts one job where the first call was broken off after it went through', async () => {
    const options = { owner: newOwner(), idempotencyKey: 'form' }
    const jobs = newJobs({ timeout: 1 })
    const first = jobs.enqueue(count, { text: 'a' }, options).catch(() => undefined)
    const second = newJobs({ queue: `enqueue-${queues}` })
    await first
    const { id } = await second.enqueue(count, { text: 'a' }, options)
    expect(await second.list({ owner: options.owner })).toMatchObject([{ id }])
  })
})

describe('bounds', () => {
  it('refuses one job more than an owner may have, until one has ended', async () => {
    const jobs = newJobs({ maxPerOwner: 3 })
    const owner = newOwner()
    const ids = await Promise.all(['a', 'b', 'c'].map(text => jobs.enqueue(count, { text }, { owner })))
    const refused = await jobs.enqueue(count, { text: 'd' }, { owner }).catch(error => error)
    expect(refused).toBeInstanceOf(TooManyJobsError)
    expect(refused).toMatchObject({ limit: 3, code: 'TIDINGS_TOO_MANY_JOBS' })
    expect(await store.inbox(owner)).toHaveLength(3)
    await jobs.enqueue(count, { text: 'a' }, { owner: newOwner() })
    await jobs.cancel(ids[0]?.id ?? '', { owner })
    await jobs.enqueue(count, { text: 'd' }, { owner })
    await work(jobs)
    await expect.poll(async () => (await jobs.enqueue(count, { text: 'e' }, { owner })).id).toBeDefined()
  })

  it('answers within its time when Redis hangs', async () => {
    const hung = new Redis({ ...redis.options, commandTimeout: undefined })
    await hung.ping()
    const jobs = newJobs({ redis: hung, timeout: 200 })
    await redis.call('CLIENT', 'PAUSE', '1000', 'ALL')
    const begun = performance.now()
    await expect(jobs.enqueue(count, { text: 'a' }, { owner: newOwner() })).rejects.toThrow(/200 ms/)
    expect(performance.now() - begun).toBeLessThan(900)
    await redis.ping()
    hung.disconnect()
  })

  it.each([
    [{}, /owner/],
    [{ owner: '' }, /owner/],
    [{ owner: 'x', delay: -1 }, /delay/],
    [{ owner: 'x', priority: 0 }, /priority/],
    [{ owner: 'x', idempotencykey: 'x' }, /idempotencykey/],
  ])('refuses options out of range: %j', async (options, said) => {
    const jobs = newJobs()
    const refused = await jobs.enqueue(count, { text: 'a' }, options as never).catch(error => error)
    expect(refused).toBeInstanceOf(TypeError)
    expect(refused.message).toMatch(said)
  })

  it.each([
    [{ fair: 'yes' }, /fair/],
    [{ queue: 'a:b' }, /queue/],
    [{ prefix: 'elsewhere' }, /prefix/],
    [{ shard: 3 }, /shard/],
  ])('refuses options of createJobs that can not be: %j', (options, said) => {
    expect(() => newJobs(options as never)).toThrow(said)
  })
})

describe('order', () => {
  it('runs jobs of a higher priority first, and those of none before', async () => {
    const jobs = newJobs()
    const owner = newOwner()
    for (const [text, priority] of [
      ['third', 9],
      ['second', 2],
      ['first', undefined],
    ] as const)
      await jobs.enqueue(count, { text }, { owner, ...(priority && { priority }) })
    await work(jobs)
    const order = () => ran.filter(line => line.startsWith(`${owner}: `)).map(line => line.split(': ')[1])
    await expect.poll(order).toEqual(['first', 'second', 'third'])
  })

  it('lets owners take turns where it is fair: a backlog shuts nobody out', async () => {
    const jobs = newJobs({ fair: true })
    const [busy, other, late] = [newOwner(), newOwner(), newOwner()]
    const many = (owner: string, texts: number[]) =>
      Promise.all(texts.map(n => jobs.enqueue(count, { text: `${n}` }, { owner })))
    await many(
      busy,
      Array.from({ length: 200 }, (_, n) => n),
    )
    await many(other, [0, 1, 2])
    await many(late, [0])
    await work(jobs)
    await expect
      .poll(() => ran.filter(line => line.startsWith(`${busy}: `)).length, { timeout: 10_000 })
      .toBe(200)
    const mine = ran.filter(line => [busy, other, late].some(owner => line.startsWith(`${owner}: `)))
    const place = (line: string) => mine.indexOf(line)
    // With concurrency 1: after one further job of the busy owner at most, for each of theirs.
    expect(place(`${late}: 0`)).toBeLessThanOrEqual(3)
    expect([0, 1, 2].map(n => place(`${other}: ${n}`)).every((at, n) => at <= 2 + 3 * n)).toBe(true)
    expect(mine.filter(line => line.startsWith(busy))).toEqual(
      Array.from({ length: 200 }, (_, n) => `${busy}: ${n}`),
    )
  })

  it('goes on taking turns when two million turns have been taken', async () => {
    const jobs = newJobs({ fair: true })
    const [busy, other] = [newOwner(), newOwner()]
    await jobs.enqueue(count, { text: 'first' }, { owner: busy })
    const waiting = `${prefix}:enqueue-${queues}:prioritized`
    const [id = ''] = await redis.zrange(waiting, '0', '0')
    await redis.zadd(waiting, 1_999_999 * 2 ** 32, id)
    await redis.hset(`${prefix}:enqueue-${queues}:turns`, busy, 2_000_000)
    await jobs.enqueue(count, { text: 'second' }, { owner: busy })
    await jobs.enqueue(count, { text: 'first' }, { owner: other })
    await work(jobs)
    const order = () => ran.filter(line => [busy, other].some(owner => line.startsWith(`${owner}: `)))
    await expect.poll(order).toEqual([`${busy}: first`, `${other}: first`, `${busy}: second`])
  })

  it('refuses a priority where owners take turns', async () => {
    const jobs = newJobs({ fair: true })
    const refused = jobs.enqueue(count, { text: 'a' }, { owner: newOwner(), priority: 1 })
    await expect(refused).rejects.toThrow(/take turns/)
  })
})

describe('a batch', () => {
  const texts = (...all: string[]) => all.map(text => ({ text }))

  it.each([
    [['a', 'b'], 25, 'Count words: 2 of 2 finished.'],
    [['a', 'half', 'b'], 30, 'Count words: 3 of 3 finished.'],
    [['a', 'bad', 'half', 'b'], 40, 'Count words: 3 of 4 finished, 1 failed.'],
  ])('of %j ends in one message, in the level of the worst', async (inputs, level, text) => {
    const jobs = newJobs()
    const owner = newOwner()
    const { id, jobs: ids } = await jobs.enqueueBatch(count, texts(...inputs), { owner })
    expect(ids).toHaveLength(inputs.length)
    expect(await store.inbox(owner)).toEqual([])
    await work(jobs, 3)
    expect(await messagesOf(store, owner)).toEqual([[level, text]])
    expect((await store.inbox(owner))[0]?.job).toBe(id)
  })

  it('counts what is cancelled, removed and retried, in words of its own', async () => {
    const jobs = newJobs()
    const owner = newOwner()
    const message = {
      finished: 'All {total}.',
      failed: '{finished} good, {failed} not, {cancelled} of them cancelled.',
    }
    const {
      jobs: [first = '', second = ''],
    } = await jobs.enqueueBatch(count, texts('a', 'b', 'bad', 'c'), { owner, message })
    await jobs.cancel(first, { owner })
    await redis.lrem(`${prefix}:enqueue-${queues}:wait`, 1, second)
    await redis.del(`${prefix}:enqueue-${queues}:${second}`)
    await jobs.sweep()
    await work(jobs)
    expect(await messagesOf(store, owner)).toEqual([[40, '1 good, 3 not, 2 of them cancelled.']])
  })

  it('is told of once: a job of it that is tried again by hand has a message of its own', async () => {
    const jobs = newJobs()
    const owner = newOwner()
    const { jobs: ids } = await jobs.enqueueBatch(count, texts('a', 'bad'), { owner })
    await work(jobs)
    expect(await messagesOf(store, owner)).toEqual([[40, 'Count words: 1 of 2 finished, 1 failed.']])
    expect(await jobs.retry(ids[1] ?? '', { owner })).toBe(true)
    const [, [level = 0, text = ''] = []] = await messagesOf(store, owner, 2)
    expect([level, text]).toEqual([40, expect.stringMatching(/^Count words: failed\./)])
  })

  it('counts a job that is tried again before all have ended as it ends last', async () => {
    const jobs = newJobs()
    const owner = newOwner()
    const {
      jobs: [first = '', second = ''],
    } = await jobs.enqueueBatch(count, texts('a', 'b'), { owner })
    await jobs.cancel(first, { owner })
    await jobs.retry(first, { owner })
    await jobs.cancel(first, { owner })
    expect(await store.inbox(owner)).toEqual([])
    await jobs.retry(first, { owner })
    const wait = `${prefix}:enqueue-${queues}:wait`
    await redis.multi().lrem(wait, 1, first).rpush(wait, first).exec() // so that it ends before the other one
    await work(jobs)
    await untilState(jobs, second, 'completed')
    expect(await messagesOf(store, owner)).toEqual([[25, 'Count words: 2 of 2 finished.']])
  })

  it('whose jobs are all done by others already leaves nothing behind', async () => {
    const only = defineJob({ ...count, name: 'only', unique: () => 'one' })
    const jobs = newJobs({ definitions: [only] })
    const owner = newOwner()
    const { id } = await jobs.enqueue(only, { text: 'quiet' }, { owner })
    const batch = await jobs.enqueueBatch(only, texts('a', 'b'), { owner })
    expect(batch.jobs).toEqual([id, id])
    expect(await redis.exists(`${prefix}:enqueue-${queues}:batch:${batch.id}`)).toBe(0)
    await work(jobs)
    expect(await messagesOf(store, owner)).toEqual([[25, '1 words.']])
  })

  it('that is enqueued again with its key is the same', async () => {
    const jobs = newJobs()
    const options = { owner: newOwner(), idempotencyKey: 'upload' }
    const first = await jobs.enqueueBatch(count, texts('a', 'b'), options)
    expect(await jobs.enqueueBatch(count, texts('a', 'b'), options)).toEqual(first)
    await work(jobs)
    expect(await messagesOf(store, options.owner)).toEqual([[25, 'Count words: 2 of 2 finished.']])
  })

  it('that was broken off while it was enqueued is what was enqueued by then', async () => {
    const jobs = newJobs()
    const owner = newOwner()
    const { id } = await jobs.enqueueBatch(count, texts('a', 'b'), { owner })
    const key = `${prefix}:enqueue-${queues}`
    await redis.hdel(`${key}:batch:${id}`, 'sealed')
    await redis.zadd(`${key}:unsealed`, Date.now() + 60_000, id)
    await work(jobs)
    await expect.poll(() => redis.hget(`${key}:batch:${id}`, 'left')).toBe('0')
    await jobs.sweep()
    expect(await store.inbox(owner)).toEqual([])
    await redis.zadd(`${key}:unsealed`, Date.now() - 1, id)
    await jobs.sweep()
    expect(await messagesOf(store, owner)).toEqual([[25, 'Count words: 2 of 2 finished.']])
  })

  it('of nothing, or with one bad input, is refused whole', async () => {
    const jobs = newJobs()
    const owner = newOwner()
    await expect(jobs.enqueueBatch(count, [], { owner })).rejects.toThrow(/at least one/)
    await expect(jobs.enqueueBatch(count, 'a b' as never, { owner })).rejects.toThrow(
      /expected an array of inputs, got a b/,
    )
    await expect(jobs.enqueueBatch(count, [{ text: 'a' }, { text: 7 } as never], { owner })).rejects.toThrow()
    expect(await jobs.list({ owner })).toEqual([])
  })
})

describe('a schedule', () => {
  it('runs again and again, and each run is owed and told', { timeout: 20_000 }, async () => {
    const jobs = newJobs()
    const owner = newOwner()
    await jobs.schedule(count, { text: 'a b' }, { owner, id: 'often', every: 1000 })
    expect(await redis.zcard(`${prefix}:enqueue-${queues}:ledger`)).toBe(1)
    await work(jobs)
    expect((await messagesOf(store, owner, 3)).slice(0, 3)).toEqual([
      [25, '2 words.'],
      [25, '2 words.'],
      [25, '2 words.'],
    ])
    const [latest] = await store.inbox(owner)
    expect(await jobs.find(latest?.job ?? '', { owner })).toMatchObject({ outcome: 'success' })
    expect(await jobs.unschedule(count, { owner, id: 'often' })).toBe(true)
    expect(await jobs.schedules({ owner })).toEqual([])
    await expect.poll(() => redis.zcard(`${prefix}:enqueue-${queues}:ledger`)).toBe(0)
  })

  it('by cron keeps its time zone, is listed, replaced by its id, and ends without a word', async () => {
    const jobs = newJobs()
    const owner = newOwner()
    const daily = { owner, id: 'daily', pattern: '0 7 * * *', timeZone: 'Asia/Tokyo' }
    await jobs.schedule(count, { text: 'a' }, daily)
    await jobs.schedule(count, { text: 'a' }, { ...daily, pattern: '30 7 * * *' })
    const [schedule, ...more] = await jobs.schedules({ owner })
    expect(more).toEqual([])
    expect(schedule).toMatchObject({
      id: 'daily',
      name: 'count',
      pattern: '30 7 * * *',
      timeZone: 'Asia/Tokyo',
    })
    expect(schedule?.next?.toISOString()).toMatch(/T22:30:00/)
    expect(await jobs.schedules({ owner: 'mallory' })).toEqual([])
    const nowhere = { ...daily, id: 'nowhere', timeZone: 'Mars/Olympus' }
    await expect(jobs.schedule(count, { text: 'a' }, nowhere)).rejects.toThrow(
      /"0 7 \* \* \*" in "Mars\/Olympus"/,
    )
    expect(await jobs.unschedule(count, { owner: 'mallory', id: 'daily' })).toBe(false)
    expect(await jobs.unschedule(count, { owner, id: 'daily' })).toBe(true)
    await jobs.sweep()
    expect(await store.inbox(owner)).toEqual([])
  })

  it('that can not be replaced goes on as it was', async () => {
    const jobs = newJobs()
    const owner = newOwner()
    await jobs.schedule(count, { text: 'a' }, { owner, id: 'daily', pattern: '0 7 * * *' })
    const before = await redis.zrange(`${prefix}:enqueue-${queues}:ledger`, '0', '-1')
    for (const wrong of [{ pattern: 'at seven' }, { pattern: '0 7 * * *', timeZone: 'Mars/Olympus' }]) {
      const refused = jobs.schedule(count, { text: 'a' }, { owner, id: 'daily', ...wrong })
      await expect(refused).rejects.toThrow(TypeError)
    }
    expect(await redis.zrange(`${prefix}:enqueue-${queues}:ledger`, '0', '-1')).toEqual(before)
    expect(before).toHaveLength(1)
  })

  it('does not end because its next run, due already, is cancelled', async () => {
    const jobs = newJobs()
    const owner = newOwner()
    await jobs.schedule(count, { text: 'a' }, { owner, id: 'often', every: 60_000 })
    const key = `${prefix}:enqueue-${queues}`
    const [id = ''] = await redis.zrange(`${key}:ledger`, '0', '-1')
    await redis.multi().zrem(`${key}:delayed`, id).lrem(`${key}:wait`, 0, id).lpush(`${key}:wait`, id).exec()
    expect(await jobs.cancel(id, { owner })).toBe('scheduled')
    expect(await jobs.find(id, { owner })).toMatchObject({ state: 'waiting' })
  })

  it('whose next run an operator removes is told as cancelled', async () => {
    const jobs = newJobs()
    const owner = newOwner()
    await jobs.schedule(count, { text: 'a' }, { owner, id: 'daily', pattern: '0 7 * * *' })
    const [id = ''] = await redis.zrange(`${prefix}:enqueue-${queues}:ledger`, '0', '-1')
    expect(await jobs.cancel(id, { owner })).toBe('scheduled')
    await redis.zrem(`${prefix}:enqueue-${queues}:delayed`, id)
    await redis.del(`${prefix}:enqueue-${queues}:${id}`)
    await jobs.sweep()
    expect(await messagesOf(store, owner)).toEqual([[40, 'Count words: cancelled.']])
  })

  it.each([
    [{ id: 'x' }, /pattern/],
    [{ id: 'x', every: 10 }, /every/],
    [{ id: 'x', every: 1000, pattern: '* * * * *' }, /pattern/],
  ])('is refused with %j', async (options, said) => {
    const refused = newJobs().schedule(count, { text: 'a' }, { owner: newOwner(), ...options })
    await expect(refused).rejects.toThrow(said)
  })
})
