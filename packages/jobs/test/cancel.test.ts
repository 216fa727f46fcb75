import { RedisMessageStore } from '@tidings/messages'
import { afterAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { testRedis } from '../../../test/redis.ts'
import { createJobs, defineJob } from '../src/index.ts'
import { messagesOf, newOwner, remembering, untilState } from './owner.ts'

const { redis, prefix } = testRedis()
const store = new RedisMessageStore({ redis, prefix })
const { log } = remembering()

const wait = defineJob({
  name: 'wait',
  title: 'Wait',
  input: z.object({ heeds: z.boolean().default(true) }),
  attempts: 3,
  run: ({ input, signal }) =>
    new Promise<void>((_, reject) => {
      if (input.heeds) signal.addEventListener('abort', () => reject(signal.reason))
    }),
  messages: { success: () => 'Never said.' },
})

// Whose owners want it so.
const moved = defineJob({
  name: 'moved',
  input: z.object({ level: z.number() }),
  run: async () => undefined,
  messages: {
    success: () => 'Never said.',
    cancelled: ({ input, reason }) => ({
      text: reason,
      ...(reason.startsWith('You') && { level: input.level }),
    }),
  },
})

// One to enqueue and cancel, another one to run: as in two processes.
const jobs = createJobs({ redis, store, definitions: [wait, moved], sweepEvery: 0, log })
const elsewhere = createJobs({ redis: redis.duplicate(), store, definitions: [wait], sweepEvery: 0, log })
afterAll(async () => {
  await Promise.all([jobs.close(), elsewhere.close()])
})

const TOLD = [[40, 'Wait: cancelled.']]

describe('a job that waits', () => {
  it.each([
    ['in the queue', {}],
    ['for its time', { delay: 60_000 }],
    ['by priority', { priority: 3 }],
  ])('%s ends at once as cancelled, and its owner is told', async (_, options) => {
    const owner = newOwner()
    const { id } = await jobs.enqueue(wait, {}, { owner, ...options })
    expect(await jobs.cancel(id, { owner })).toBe('cancelled')
    expect(await jobs.find(id, { owner })).toMatchObject({
      state: 'failed',
      outcome: 'cancelled',
      reason: 'It was cancelled.',
      finishedAt: expect.any(Date),
    })
    expect(await jobs.cancel(id, { owner })).toBe('ended')
    await jobs.sweep()
    expect(await messagesOf(store, owner)).toEqual(TOLD)
  })

  it('may end for a reason of its owner’s own, which is told as INFO or WARNING, and never as a success', async () => {
    const cancelled = async (level: number, reason?: string) => {
      const owner = newOwner()
      const { id } = await jobs.enqueue(moved, { level }, { owner, delay: 60_000 })
      expect(await jobs.cancel(id, { owner, ...(reason && { reason }) })).toBe('cancelled')
      expect(await jobs.find(id, { owner })).toMatchObject({ outcome: 'cancelled' })
      await jobs.sweep()
      return messagesOf(store, owner)
    }
    expect(await cancelled(20, 'You moved it.')).toEqual([[20, 'You moved it.']])
    expect(await cancelled(30, 'You moved it.')).toEqual([[30, 'You moved it.']])
    expect(await cancelled(20)).toEqual([[40, 'It was cancelled.']])
    expect(await cancelled(25, 'You moved it.')).toEqual([[40, 'Moved: cancelled. You moved it.']])
  })

  it('is cancelled by its owner and by staff, and by nobody else', async () => {
    const owner = newOwner()
    const { id } = await jobs.enqueue(wait, {}, { owner })
    expect(await jobs.cancel(id, { owner: 'mallory' })).toBe('unknown')
    expect(await jobs.cancel('no-such-job-at-all-here', {})).toBe('unknown')
    expect(await jobs.find(id, { owner })).toMatchObject({ state: 'waiting' })
    expect(await jobs.cancel(id, {})).toBe('cancelled')
    expect(await messagesOf(store, owner)).toEqual(TOLD)
  })

  it('leaves its place to another one of the same unique key', async () => {
    const owner = newOwner()
    const only = defineJob({ ...wait, name: 'only-one', unique: () => 'the same' })
    const own = createJobs({ redis, store, definitions: [only], queue: 'unique', sweepEvery: 0 })
    const first = await own.enqueue(only, {}, { owner })
    expect(await own.enqueue(only, {}, { owner })).toEqual(first)
    expect(await own.enqueue(only, {}, { owner: newOwner() })).not.toEqual(first)
    await own.cancel(first.id, { owner })
    expect(await own.enqueue(only, {}, { owner })).not.toEqual(first)
    await own.close()
  })
})

describe('a job that runs in another process', () => {
  it.each([true, false])('is stopped at once, and is not tried again (heeds its signal: %s)', async heeds => {
    const worker = await elsewhere.work()
    const owner = newOwner()
    const { id } = await jobs.enqueue(wait, { heeds }, { owner })
    await untilState(jobs, id, 'active')
    expect(await jobs.cancel(id, { owner })).toBe('cancelling')
    expect(await messagesOf(store, owner)).toEqual(TOLD)
    expect(await jobs.find(id, { owner })).toMatchObject({ outcome: 'cancelled', attempt: 1 })
    await expect.poll(() => redis.exists(`${prefix}:jobs:cancelling`)).toBe(0)
    expect(worker.running).toBe(0)
    await worker.close()
  })

  it('is cancelled all the same where it goes back to the queue before its worker has heard', async () => {
    const worker = await elsewhere.work()
    const owner = newOwner()
    const { id } = await jobs.enqueue(wait, {}, { owner })
    await untilState(jobs, id, 'active')
    await redis.sadd(`${prefix}:jobs:cancelling`, id) // as cancel does, but that nobody is told
    await worker.close({ force: true })
    await untilState(jobs, id, 'waiting')
    await jobs.sweep()
    expect(await messagesOf(store, owner)).toEqual(TOLD)
    expect(await redis.exists(`${prefix}:jobs:cancelling`)).toBe(0)
  })

  it('is cancelled without a hint, too: its worker asks', { timeout: 10_000 }, async () => {
    const worker = await elsewhere.work()
    const owner = newOwner()
    const { id } = await jobs.enqueue(wait, {}, { owner })
    await untilState(jobs, id, 'active')
    await redis.sadd(`${prefix}:jobs:cancelling`, id)
    expect(await messagesOf(store, owner)).toEqual(TOLD)
    await worker.close()
  })
})
