import { RedisMessageStore } from '@tidings/messages'
import { beforeEach, describe, expect, it } from 'vitest'
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
  input: z.object({ ms: z.number(), times: z.number(), kills: z.boolean().optional() }),
  run: async () => ({ time: 0 }),
  messages: { success: () => 'said by the worker' },
})
const jobs = createJobs({ redis, store, definitions: [block], sweepEvery: 0 })

function startWorker(more: Record<string, string> = {}): TidingsProcess {
  const { path, host, port, password } = redis.options
  const at = JSON.stringify({ path, host, port, password })
  const env = { REDIS: at, PREFIX: prefix, LOCK: String(LOCK), STALLED: '300', ...more }
  return start(['packages/jobs/test/stalled-worker.mjs'], env)
}

describe('two workers', () => {
  let workers: TidingsProcess[]
  beforeEach(async () => {
    workers = [startWorker(), startWorker()]
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

  it('a job that does so each time is given up, and its neighbours are done', {
    timeout: 40_000,
  }, async () => {
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
})

it('a job that kills its worker late beside 300 neighbours costs hardly any of them a stall', {
  timeout: 120_000,
}, async () => {
  // So long that no loaded machine lets a lock run out by itself.
  const env = { LOCK: '3000', STALLED: '500', AT_ONCE: '20' }
  const [owner, neighbour] = [newOwner(), newOwner()]
  const add = async (kills: boolean, whose: string) =>
    (await jobs.enqueue(block, { ms: 0, times: 0, kills }, { owner: whose })).id
  const neighbours: string[] = []
  let killer = ''
  for (let i = 0; i < 300; i++) {
    if (i === 100) killer = await add(true, owner)
    neighbours.push(await add(false, neighbour))
  }
  let deaths = 0
  const outcome = async () => (await jobs.find(killer, {}))?.outcome
  while ((await outcome()) === undefined) {
    const { child } = startWorker(env)
    await expect
      .poll(async () => child.signalCode ?? (await outcome()), { timeout: 60_000, interval: 100 })
      .toBeTruthy()
    if (child.signalCode) deaths++
  }
  expect(deaths).toBe(4)
  await expect.poll(async () => (await jobs.stats()).owed, { timeout: 30_000 }).toBe(0)
  const begun = await Promise.all(neighbours.map(id => redis.get(`${prefix}:begun:${id}`)))
  const states = await Promise.all(neighbours.map(async id => (await jobs.find(id, {}))?.outcome))
  expect(states.filter(state => state !== 'success')).toEqual([])
  // Those that ran beside it, or had been fetched, when it killed its worker for the first time. From then on it is alone.
  const again = begun.filter(times => times !== '1')
  expect(again.length).toBeLessThanOrEqual(19)
  expect(Math.max(...begun.map(Number))).toBeLessThanOrEqual(2)
  // Hardly any is fetched beside a suspect, only to be put back.
  const starts = await Promise.all(neighbours.map(id => redis.hget(`${prefix}:jobs:${id}`, 'ats')))
  const inVain = starts.map(Number).reduce((sum, times) => sum + times - 1, 0)
  expect(inVain).toBeLessThanOrEqual(60)
})
