import { RedisMessageStore } from '@tidings/messages'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { testRedis } from '../../../test/redis.ts'
import { createJobs, defineJob, type JobEnd } from '../src/index.ts'
import { newOwner } from './owner.ts'

const { redis, prefix } = testRedis()
const store = new RedisMessageStore({ redis, prefix })
const count = defineJob({
  name: 'count',
  input: z.object({ fail: z.boolean().default(false) }),
  run: async ({ input }) => {
    if (input.fail) throw new Error('as it was told')
  },
  messages: { success: () => 'Counted.' },
})

it('a worker takes as many jobs as it was told to, says so, and leaves the others alone', async () => {
  const ends: JobEnd[] = []
  const options = { redis, store, definitions: [count], sweepEvery: 0, queue: 'limited' }
  const jobs = createJobs({ ...options, onEnded: end => ends.push(end) })
  const owner = newOwner()
  const add = (fail = false) => jobs.enqueue(count, { fail }, { owner })
  for (let i = 0; i < 5; i++) await add()
  const worker = await jobs.work({ concurrency: 3, maxJobs: 2 })
  await worker.spent
  await worker.close()
  expect(ends.map(({ job, outcome }) => [job, outcome])).toEqual([
    ['count', 'success'],
    ['count', 'success'],
  ])
  expect(ends.every(({ ms }) => ms !== undefined && ms >= 0)).toBe(true)
  expect(await jobs.stats()).toMatchObject({ waiting: 3, running: 0, owed: 3 })

  const next = await jobs.work()
  await add(true)
  await expect.poll(() => jobs.stats(), { timeout: 10_000 }).toMatchObject({ waiting: 0, running: 0 })
  await next.close()
  expect(ends.map(({ outcome }) => outcome).sort()).toEqual(['failure', ...Array(5).fill('success')])
  await jobs.close()
})

it('a worker knows when Redis last answered it, whether it has jobs or not', async () => {
  const jobs = createJobs({ redis, store, definitions: [count], sweepEvery: 0, queue: 'contact' })
  const worker = await jobs.work({ lockDuration: 400 })
  const seen = new Set<number>()
  const grows = () => seen.add(worker.lastContact).size
  await expect.poll(grows, { timeout: 14_000 }).toBeGreaterThan(1)
  expect(Date.now() - worker.lastContact).toBeLessThan(10_000)
  await worker.close()
  await jobs.close()
})
