import { createBlog } from '@tidings/blog'
import { RedisMessageStore } from '@tidings/messages'
import { createLogger, openRedis } from '@tidings/runtime'
import { noteTheEnd } from '../history/ending-of-all.ts'
import { ENDINGS } from '../history/endings.mjs'
import { History } from '../history/history.ts'
import type { PlannedJob } from '../history/job-plan.ts'
import type { Random } from '../history/random.ts'
import { askForAll } from '../history/storm.ts'
import type { Verdict } from '../history/verdict.ts'
import { type Host, type Network, openNetwork } from './network.ts'
import { People } from './people.ts'
import { Person } from './person.ts'
import type { RedisOnHosts } from './redis-on-hosts.ts'
import { type Release, Site } from './site.ts'

/** What a fault has at hand. */
export interface Scene {
  readonly network: Network
  readonly redis: RedisOnHosts
  readonly site: Site
  readonly webs: readonly [Host, Host]
  readonly workers: readonly [Host, Host, Host]
  readonly store: RedisMessageStore
  readonly history: History
  readonly persons: readonly Person[]
  readonly people: People
  readonly say: (text: string) => void
}

/** A trial: who asks for how much, and what goes wrong meanwhile. */
export interface TrialOptions {
  readonly title: string
  readonly redis: (network: Network) => Promise<RedisOnHosts>
  readonly shards?: number
  readonly count: number
  /** How long jobs are asked for at least, ms; faults may take longer, and then so does the asking. */
  readonly lasts: number
  readonly random: Random
  readonly faults: (scene: Scene) => Promise<void>
  /** What runs at the beginning. */
  readonly release?: Release
  /** What joins the hosts; opened and ended here. */
  readonly open?: () => Network
  /** How many jobs kill their worker each time, until they are given up. */
  readonly poison?: number
}

const PEOPLE = 5
const LOOKS_EVERY = 700
const PASSWORD = 'correct horse battery staple'
/** What is still to be done when the faults are over: locks run out, and what was interrupted runs again. */
const CALM = 90_000

/** The faults that a history may hold: each is a list, empty where all is well. */
export type FaultsFound = Omit<Verdict, 'counts' | 'inCutTails'>

/** No fault at all. */
export const NO_FAULTS: FaultsFound = {
  lost: [],
  doubled: [],
  contradictory: [],
  mismatched: [],
  unexpected: [],
}

/**
 * People start jobs at two web hosts and read in a tab at each of them, three worker hosts run the jobs, and faults strike.
 * Prints what came of it, and what nobody can know; gives the faults that the history holds.
 */
export async function trial(options: TrialOptions): Promise<FaultsFound> {
  const { title, shards = 1, release = {}, open = openNetwork } = options
  const network = open()
  const began = Date.now()
  const say = (text: string) =>
    console.log(`${title}, ${((Date.now() - began) / 1000).toFixed(1)} s: ${text}`)
  const hosts = (kind: string, count: number) =>
    Array.from({ length: count }, (_, i) => network.host(`${kind}-${i + 1}`))
  const webs = hosts('web', 2) as [Host, Host]
  const workers = hosts('worker', 3) as [Host, Host, Host]
  const redis = await options.redis(network)
  const log = createLogger({ name: 'test', level: 'silent' })
  say('Redis is there')
  const handle = await openRedis({ url: redis.url, dataDir: '/nowhere', log })
  const connection = await handle.connect('worker')
  const site = await Site.open({ redisUrl: redis.url, shards, webs, workers, release })
  say('the site is there')
  try {
    const blog = createBlog({ redis: connection, passwordCost: 2 ** 10 })
    const persons = await Promise.all(
      Array.from({ length: PEOPLE }, async (_, i) => {
        const username = `person-${i}`
        const { id } = await blog.users.create({ username, password: PASSWORD })
        return Person.loggedIn(id, username, PASSWORD, site.addresses[i % 2] ?? '')
      }),
    )
    const jobs = planDemoJobs(options, persons)
    const history = new History()
    const people = new People(persons, () => site.addresses, LOOKS_EVERY)
    const store = new RedisMessageStore({ redis: connection, shards })
    let turn = 0
    const asking = askForAll({
      history,
      jobs,
      ask: job => {
        const person = persons.find(({ id }) => id === job.owner)
        const { addresses } = site
        if (!person) throw new Error(`${job.owner} is nobody`)
        return person.ask(job, addresses[turn++ % addresses.length] ?? '')
      },
      lasts: options.lasts,
    })
    say(`${jobs.length} jobs of ${persons.length} people`)
    await options.faults({
      ...{ network, redis, site, webs, workers },
      ...{ store, history, persons, people, say },
    })
    await asking
    say('the faults are over; waiting until nothing is left to be done or read')
    const over = Date.now()
    await noteTheEnd(history, { redis: connection, store, owners: persons.map(({ id }) => id) }, CALM)
    await people.stop(history)
    for (const person of persons) person.leave()
    const { counts, inCutTails, ...found } = history.verdict()
    const { pages } = people
    say(JSON.stringify({ ...counts, deaths: site.deaths, pages, calm: Date.now() - over }))
    say(
      history.cutOff.length === 0
        ? 'nothing that was acknowledged was taken back'
        : `${inCutTails.length} jobs stood in what a master had acknowledged and never told its replica: ${inCutTails.join(', ')}`,
    )
    return found
  } finally {
    await site.end()
    await handle.close()
    await redis.end()
    network.end()
  }
}

function planDemoJobs({ random, count, poison = 0 }: TrialOptions, people: readonly Person[]): PlannedJob[] {
  return Array.from({ length: count }, (_, i) => {
    const ending =
      i < poison
        ? 'kills-always'
        : random.weighted<'success' | 'partial' | 'refuses' | 'flaky'>({
            success: 6,
            partial: 2,
            refuses: 1,
            flaky: 1,
          })
    return {
      label: `job-${i}`,
      owner: people[i % people.length]?.id ?? '',
      ending,
      ms: random.whole(0, 20) * 100,
      may: ENDINGS[ending],
      at: i / count,
      insists: random.next() < 0.8,
    }
  })
}
