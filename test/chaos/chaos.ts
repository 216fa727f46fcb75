import { setTimeout as pause } from 'node:timers/promises'
import { RedisMessageStore } from '@tidings/messages'
import { expect, it } from 'vitest'
import { CrashingRedis } from '../history/crashing-redis.ts'
import { Crew } from '../history/crew.ts'
import { noteTheEnd } from '../history/ending-of-all.ts'
import { evidence } from '../history/evidence.ts'
import { planFaults } from '../history/fault-plan.ts'
import { History } from '../history/history.ts'
import { planJobs } from '../history/job-plan.ts'
import { Random } from '../history/random.ts'
import { storm } from '../history/storm.ts'
import { start } from '../process.ts'
import { Tab } from './tab.ts'
import { TwoTabs } from './two-tabs.ts'

const SECOND = 1_000
/** How long a worker of the product holds a job whose lock it doesn't renew. */
const LOCK = 10 * SECOND
const WORKERS = 6
const LOOKS_EVERY = 2 * SECOND
const LEASE = 10 * SECOND

const { CHAOS_JOBS = '', CHAOS_SEED = '', CHAOS_MINUTES = '' } = process.env
const count = Number(CHAOS_JOBS)
const lasts = Number(CHAOS_MINUTES) * 60 * SECOND
// What is still to be done when the storm is over: a job that kills its worker each time has five locks to go at most, and
// what was interrupted runs alone.
const calm = 120 * SECOND + lasts / 2

it('every job has exactly one outcome', { timeout: lasts + calm + 120 * SECOND }, async () => {
  const random = new Random(Number(CHAOS_SEED))
  const jobs = planJobs(random, { count, owners: Math.ceil(count / 40), long: 1.5 * LOCK })
  const owners = [...new Set(jobs.map(({ owner }) => owner))]
  const share = (of: number) => Math.ceil(count / of)
  const counts = {
    'kill a worker': share(50),
    'pause a worker': share(500),
    'crash Redis': share(700),
    'crash Redis and cut': share(1_600),
  }
  const faults = planFaults(random, counts)
  const redis = await CrashingRedis.start()
  const webs = [await startApp(redis.url), await startApp(redis.url)]
  const tabs = webs.map(({ address }) => new Tab(address))

  const connection = redis.connect({ maxRetriesPerRequest: null })
  const store = new RedisMessageStore({ redis: connection, lease: LEASE })

  const history = new History()
  const crew = new Crew({ size: WORKERS, env: { REDIS_URL: redis.url, KILL_AT_REPLY: '0.0005' }, random })
  const readers = new TwoTabs(history, tabs, owners, LOOKS_EVERY)
  const began = Date.now()
  const say = (text: string) => console.log(`${seconds(began)} s  ${text}`)
  const telling = tell(() =>
    say(
      `${history.asked.size} jobs asked for, ${history.told.length} messages read, ${crew.deaths} workers dead`,
    ),
  )
  say(`${count} jobs of ${owners.length} owners, ${WORKERS} workers; ${JSON.stringify(counts)}`)
  let crashes = 0
  let turn = 0
  await storm({
    history,
    crew,
    redis,
    jobs,
    faults,
    ask: job => (tabs[turn++ % tabs.length] as Tab).ask(job),
    lasts,
    longest: { pause: 2 * LOCK, outage: 1.5 * SECOND },
    say: text => {
      crashes++
      say(text)
    },
  })
  say('the storm is over; waiting until nothing is left to be done or read')
  await noteTheEnd(history, { redis: connection, store, owners }, calm)
  await readers.stop()
  telling.abort()
  const owed = {
    ledger: await connection.zcard(`${store.prefix}:jobs:ledger`),
    undelivered: await connection.llen(`${store.prefix}:jobs:undelivered`),
  }

  await crew.end('SIGKILL')
  await Promise.all(webs.map(web => web.end('SIGKILL')))
  for (const tab of tabs) tab.close()
  await redis.end()

  const { counts: found, inCutTails, ...verdict } = history.verdict()
  const faultsFound = { ...verdict, owed }
  console.log({
    seed: random.seed,
    seconds: seconds(began),
    jobs: count,
    ...found,
    workerKills: crew.deaths,
    workerPauses: crew.pauses,
    redisKills: crashes,
    ofThemCut: history.cutOff.length,
    bytesCut: history.cutOff.reduce((sum, { text }) => sum + text.length, 0),
    pages: readers.pages,
    knownOnlyToCutTails: inCutTails,
  })
  const named = Object.entries(verdict).map(([name, all]) => [name, all.length])
  console.log({ ...Object.fromEntries(named), ...owed })
  for (const label of new Set(Object.values(verdict).flat()))
    if (history.asked.has(label)) console.log(evidence(history, label, began).join('\n'))
  expect(faultsFound).toEqual({
    lost: [],
    doubled: [],
    contradictory: [],
    mismatched: [],
    unexpected: [],
    owed: { ledger: 0, undelivered: 0 },
  })
})

async function startApp(url: string) {
  const app = start(['test/chaos/app.mjs'], { REDIS_URL: url, NODE_ENV: 'production' })
  const { address } = await app.logged(({ ready }) => ready === true)
  return { ...app, address: String(address) }
}

/** Says something every now and then, until it is aborted. */
function tell(say: () => void): AbortController {
  const stopping = new AbortController()
  const telling = async () => {
    for (;;) {
      await pause(15 * SECOND, undefined, { signal: stopping.signal })
      say()
    }
  }
  telling().catch(() => {})
  return stopping
}

function seconds(since: number): number {
  return Math.round((Date.now() - since) / SECOND)
}
