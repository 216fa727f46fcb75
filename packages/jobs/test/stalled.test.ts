import { RedisMessageStore } from '@tidings/messages'
import { beforeEach, expect, it } from 'vitest'
import { z } from 'zod'
import { type LogLine, start, type TidingsProcess } from '../../../test/process.ts'
import { testRedis } from '../../../test/redis.ts'
import { createJobs, defineJob } from '../src/index.ts'
import { messagesOf, newOwner, untilState } from './owner.ts'

// A worker that is stopped from outside is in test/history/crash-points.test.ts; here it stops itself: its event loop is held.
const LOCK = 600
const { redis, prefix } = testRedis()
const store = new RedisMessageStore({ redis, prefix })
const block = defineJob({
  name: 'block',
  title: 'Block',
  input: z.object({ ms: z.number(), times: z.number() }),
  run: async () => ({ time: 0 }),
  messages: { success: () => 'said by the worker' },
})
const jobs = createJobs({ redis, store, definitions: [block], sweepEvery: 0 })

let workers: TidingsProcess[]
beforeEach(async () => {
  const { path, host, port, password } = redis.options
  const at = JSON.stringify({ path, host, port, password })
  const env = { REDIS: at, PREFIX: prefix, LOCK: String(LOCK), STALLED: '300' }
  workers = [1, 2].map(() => start(['packages/jobs/test/stalled-worker.mjs'], env))
  await Promise.all(workers.map(worker => worker.logged(({ ready }) => ready === true)))
})

it('a job that blocks the event loop past its lock is done by another worker, and has one outcome', async () => {
  const owner = newOwner()
  const { id } = await jobs.enqueue(block, { ms: 4 * LOCK, times: 1 }, { owner })
  await untilState(jobs, id, 'completed')
  expect(await messagesOf(store, owner)).toEqual([[25, 'Done the 2. time.']])
  // The first one wakes, and what it has done comes too late.
  const late = ({ err }: LogLine) => /moveToFinished/.test(String(err))
  await Promise.any(workers.map(worker => worker.logged(late)))
  await expect.poll(async () => (await jobs.stats()).owed).toBe(0)
  expect(await messagesOf(store, owner)).toEqual([[25, 'Done the 2. time.']])
})

it('a job that does so each time is given up, and its neighbours are done', { timeout: 40_000 }, async () => {
  const [owner, ...neighbours] = Array.from({ length: 6 }, newOwner)
  const ids = await Promise.all(
    [owner, ...neighbours].map(
      async (whose = '', i) =>
        (await jobs.enqueue(block, { ms: 4 * LOCK, times: i === 0 ? 100 : 0 }, { owner: whose })).id,
    ),
  )
  await expect
    .poll(async () => (await jobs.find(ids[0] ?? '', {}))?.outcome, { timeout: 30_000 })
    .toBe('failure')
  const [[level, text] = [0, '']] = await messagesOf(store, owner ?? '')
  expect([level, text]).toEqual([40, expect.stringMatching(/stopped several times/)])
  for (const neighbour of neighbours)
    expect(await messagesOf(store, neighbour)).toEqual([[25, expect.stringMatching(/^Done/)]])
  await expect.poll(async () => (await jobs.stats()).owed).toBe(0)
  expect(await messagesOf(store, owner ?? '')).toHaveLength(1)
})
