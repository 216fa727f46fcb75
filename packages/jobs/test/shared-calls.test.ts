import { RedisMessageStore } from '@tidings/messages'
import { expect, it, onTestFinished } from 'vitest'
import { z } from 'zod'
import { monitor } from '../../../test/monitor.ts'
import { testRedis } from '../../../test/redis.ts'
import { createJobs, defineJob, JobFailure, type Jobs, TooManyJobsError } from '../src/index.ts'
import { messagesOf, newOwner } from './owner.ts'

const { redis, url, prefix } = testRedis()
const store = new RedisMessageStore({ redis, prefix })

const AT_ONCE = 24
// All jobs of a test end in the same turn of the event loop.
let open: () => void = () => {}
let gate = Promise.resolve()
const ending = defineJob({
  name: 'ending',
  title: 'Ending',
  input: z.object({ n: z.number() }),
  async run({ input: { n } }) {
    await gate
    if (n % 3 === 0) throw new JobFailure(`No ${n}.`)
    return n
  },
  messages: {
    started: ({ input }) => `Number ${input.n} has begun.`,
    success: ({ result }) => `Yes ${result}.`,
  },
})

let queues = 0
function newJobs(options: { maxPerOwner?: number } = {}): Jobs {
  const jobs = createJobs({
    redis,
    store,
    definitions: [ending],
    queue: `shared-${++queues}`,
    sweepEvery: 0,
    ...options,
  })
  onTestFinished(() => jobs.close())
  return jobs
}

const numbers = Array.from({ length: AT_ONCE }, (_, n) => n)

it('takes jobs that come at the same moment by few commands, and ends them so: each has an outcome of its own', async () => {
  const jobs = newJobs()
  const queue = `${prefix}:shared-${queues}:`
  await jobs.enqueue(ending, { n: 1 }, { owner: newOwner() }) // Redis knows the scripts from now on
  const owners = numbers.map(newOwner)
  const commands = await monitor(url)
  const scripts = (word: string) =>
    commands.filter(
      ({ words: [name = '', ...rest], isInScript }) =>
        !isInScript && /^eval/i.test(name) && rest.includes(`${queue}${word}`),
    ).length

  const added = await Promise.all(
    numbers.map((n, i) => jobs.enqueue(ending, { n }, { owner: owners[i] ?? '' })),
  )
  expect(new Set(added.map(({ id }) => id)).size).toBe(AT_ONCE)
  await expect.poll(() => scripts('id')).toBeGreaterThan(0)
  // Ten at most share a command; it is sent twice where Redis doesn't know its text yet.
  expect(scripts('id')).toBeLessThanOrEqual(2 * Math.ceil(AT_ONCE / 10))

  gate = new Promise(resolve => {
    open = resolve
  })
  const worker = await jobs.work({ concurrency: AT_ONCE + 1 })
  onTestFinished(() => worker.close())
  await expect.poll(() => worker.running, { timeout: 15_000 }).toBe(AT_ONCE + 1)
  open()
  for (const [i, owner] of owners.entries()) {
    const told = i % 3 === 0 ? [40, `Ending: failed. No ${i}.`] : [25, `Yes ${i}.`]
    await expect.poll(() => messagesOf(store, owner)).toEqual([told])
  }
  expect(scripts('metrics:completed')).toBeLessThanOrEqual(2 * Math.ceil(AT_ONCE / 10))
})

it('refuses one of them alone, and lets one alone fail that Redis refuses', async () => {
  const jobs = newJobs({ maxPerOwner: 1 })
  const [crowded, broken, well] = [newOwner(), newOwner(), newOwner()]
  await redis.set(`${prefix}:jobs-of:${broken}`, 'not a list')
  const [first, second, third, fourth] = await Promise.allSettled(
    [crowded, crowded, broken, well].map((owner, n) => jobs.enqueue(ending, { n }, { owner })),
  )
  expect(first).toMatchObject({ status: 'fulfilled' })
  expect(second).toMatchObject({ status: 'rejected', reason: expect.any(TooManyJobsError) })
  expect(third).toMatchObject({
    status: 'rejected',
    reason: expect.objectContaining({ message: expect.stringContaining('WRONGTYPE') }),
  })
  expect(fourth).toMatchObject({ status: 'fulfilled' })
})

it('finds its scripts again where Redis has forgotten them', async () => {
  const jobs = newJobs()
  const owner = newOwner()
  await jobs.enqueue(ending, { n: 1 }, { owner })
  await redis.script('FLUSH')
  const added = await Promise.all(numbers.map(n => jobs.enqueue(ending, { n }, { owner })))
  expect((await jobs.list({ owner, limit: 100 })).map(({ id }) => id)).toEqual(
    expect.arrayContaining(added.map(({ id }) => id)),
  )
})
