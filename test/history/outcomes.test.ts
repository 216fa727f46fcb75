import { createJobs } from '@tidings/jobs'
import { RedisMessageStore } from '@tidings/messages'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { CrashingRedis } from './crashing-redis.ts'
import { Crew } from './crew.ts'
import { EagerReader } from './eager-reader.ts'
import { noteTheEnd } from './ending-of-all.ts'
import { endingJob } from './endings.mjs'
import { planFaults } from './fault-plan.ts'
import { History } from './history.ts'
import { planJobs } from './job-plan.ts'
import { Random, seedOf } from './random.ts'
import { storm } from './storm.ts'

const JOBS = 1000
const OWNERS = 40
const STORM = 18_000
// Shorter than in earnest, so that a minute is enough for all that a lock that is lost brings about.
const LOCK = 1_500
const STALLED = 500

let redis: CrashingRedis
beforeAll(async () => {
  redis = await CrashingRedis.start()
})
afterAll(() => redis.end())

it(`each of ${JOBS} jobs has one outcome, whatever is killed`, { timeout: 220_000 }, async () => {
  const random = new Random(seedOf('outcomes'))
  const jobs = planJobs(random, { count: JOBS, owners: OWNERS, long: 1.5 * LOCK })
  const faults = planFaults(random, {
    'kill a worker': 12,
    'pause a worker': 4,
    'crash Redis': 1,
    'crash Redis and cut': 0,
  })
  // As a web process has it: a request is answered in time.
  const connection = redis.connect({ commandTimeout: 700, maxRetriesPerRequest: 1 })
  const store = new RedisMessageStore({ redis: connection, lease: 3_000 })
  const ending = endingJob()
  const asker = createJobs({ redis: connection, store, definitions: [ending] })
  const owners = [...new Set(jobs.map(({ owner }) => owner))]

  const history = new History()
  const crew = new Crew({
    size: 4,
    env: {
      REDIS_URL: redis.url,
      LOCK: String(LOCK),
      STALLED: String(STALLED),
      KILL_AT_REPLY: '0.001',
    },
    random,
  })
  const reader = new EagerReader(history, store, owners)
  const began = Date.now()
  await storm({
    history,
    crew,
    redis,
    jobs,
    faults,
    ask: async ({ label, owner, ending: name, ms }) => {
      const input = { label, ending: name, ms }
      return (await asker.enqueue(ending, input, { owner, idempotencyKey: label })).id
    },
    lasts: STORM,
    longest: { pause: 2 * LOCK, outage: 1_000 },
  })
  const stormed = Date.now()
  await noteTheEnd(history, { redis: connection, store, owners }, 150_000)
  await reader.stop()
  const took = [stormed - began, Date.now() - stormed]
  await crew.end('SIGKILL')
  const { counts, inCutTails, ...faultsFound } = history.verdict()
  console.log({ ...counts, deaths: crew.deaths, pauses: crew.pauses, took })
  expect(faultsFound).toEqual({ lost: [], doubled: [], contradictory: [], mismatched: [], unexpected: [] })
  expect(counts.acknowledged).toBeGreaterThan(JOBS * 0.9)
  expect(crew.deaths).toBeGreaterThan(20)
  await asker.close()
})
