import { RedisMessageStore } from '@tidings/messages'
import { Queue } from 'bullmq'
import { expect, it, vi } from 'vitest'
import { testRedis } from '../redis.ts'
import { Crew } from './crew.ts'
import { EagerReader } from './eager-reader.ts'
import { noteTheEnd } from './ending-of-all.ts'
import { type Ending, History } from './history.ts'
import { Random } from './random.ts'
import type { Verdict } from './verdict.ts'

vi.setConfig({ testTimeout: 60_000 })

const { redis, url } = testRedis()
const DIES = 'job-3'
const NOTHING_ELSE = { lost: [], doubled: [], contradictory: [], unexpected: [] }
let designs = 0

// Whether BullMQ then gives the job up as stalled, so that what was told is mismatched as well, depends on the machine.
// A checker that finds nothing wrong with these would find nothing wrong with ours either.
it('finds what a listener of `completed` loses when its worker dies before it has told', async () => {
  expect(await judge('completed-listener')).toMatchObject({ ...NOTHING_ELSE, lost: [DIES] })
})

it('finds what is told twice when a worker dies between message and return', async () => {
  expect(await judge('message-first')).toMatchObject({ ...NOTHING_ELSE, doubled: [DIES] })
})

it('finds what is told in two ways when the job fails the second time', async () => {
  expect(await judge('message-first', { THEN: 'fails' })).toMatchObject({
    ...NOTHING_ELSE,
    contradictory: [DIES],
  })
})

/** Runs six jobs by workers of a bad design, of which one dies in the middle of the fourth. */
async function judge(design: string, env: Record<string, string> = {}): Promise<Verdict> {
  const prefix = `{bad-${Date.now()}-${++designs}}`
  const store = new RedisMessageStore({ redis, prefix })
  const queue = new Queue('jobs', { connection: redis, prefix })
  const history = new History()
  const may: Ending[] = env.THEN === 'fails' ? ['success', 'failure'] : ['success']
  for (let i = 0; i < 6; i++) {
    const label = `job-${i}`
    history.invoked(label, 'alice', may)
    history.ok(label, String((await queue.add('plain', { label, owner: 'alice' }, { jobId: `id-${i}` })).id))
  }
  const reader = new EagerReader(history, store, ['alice'])
  const script = `test/history/bad/${design}.mjs`
  const crew = new Crew({
    size: 1,
    script,
    env: { REDIS_URL: url, PREFIX: prefix, DIES, ...env },
    random: new Random(1),
  })
  await noteTheEnd(history, { redis, store, owners: ['alice'] }, 30_000)
  await reader.stop()
  await crew.end('SIGKILL')
  await queue.close()
  expect(crew.deaths).toBe(2) // the one that died, and its successor, whom this killed
  return history.verdict()
}
