// Web CPU per view of the site's listing of 20 posts: without the plugin, with it, and with ten lines written by hand. And the
// same for a page whose posts are in memory, which is as cheap as a page of this size can be.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { info, RedisMessageStore } from '@tidings/messages'
import { publish } from './page-view/listing.mjs'
import { Visitor } from './page-view/visitor.mjs'
import { describeRatios, judge, median } from './tools/ratio.mjs'
import { countRequests, startRedis } from './tools/redis.mjs'

// Processes that run the same code differ by how the compiler and the memory fell out, so each is started several times.
const GENERATIONS = Number(process.env.GENERATIONS ?? 8)
const PAIRS = 3
// One run of a pair: turns of all cases, so short that whatever else the machine does meets each of them alike.
const TURNS = 10
const VISITORS = 10
const USERS_OF_A_VISITOR = 15
const VIEWS = VISITORS * USERS_OF_A_VISITOR
const WARM_UP_TURNS = 27
const TEXT = 'Your import has ended: 118 posts were read, 3 lines had no text and were left out. See the job.'

const { redis, url, close } = await startRedis()
const store = new RedisMessageStore({ redis })
await publish(redis)

const POSTERS = {
  plugin: user => store.post(user, info(TEXT)),
  hand: user => redis.rpush(`hand:${user}`, JSON.stringify({ id: '1', level: 20, text: TEXT })),
}

/** What is compared: which web process, and what waits for each view. */
const CASES = {
  'without the plugin': { web: 'none' },
  'plugin, nothing waits': { web: 'plugin' },
  'by hand, nothing waits': { web: 'hand' },
  'plugin, a message each view': { web: 'plugin', post: POSTERS.plugin },
  'by hand, a message each view': { web: 'hand', post: POSTERS.hand },
  'without the plugin, visitor': { web: 'none', isVisitor: true },
  'plugin, visitor': { web: 'plugin', isVisitor: true },
  'in memory, without the plugin': { web: 'none', path: '/memory' },
  'in memory, plugin, nothing waits': { web: 'plugin', path: '/memory' },
  'in memory, by hand, nothing waits': { web: 'hand', path: '/memory' },
  'in memory, plugin, a message': { web: 'plugin', path: '/memory', post: POSTERS.plugin },
  'in memory, by hand, a message': { web: 'hand', path: '/memory', post: POSTERS.hand },
}

const spent = Object.fromEntries(Object.keys(CASES).map(name => [name, []]))
for (let generation = 0; generation < GENERATIONS; generation++) {
  const webs = await startWebs()
  for (const name of Object.keys(CASES))
    for (let turn = 0; turn < WARM_UP_TURNS; turn++) await run(webs, name)
  for (let pair = 0; pair < PAIRS; pair++) {
    const sums = Object.fromEntries(Object.keys(CASES).map(name => [name, 0]))
    for (let turn = 0; turn < TURNS; turn++) {
      const names = Object.keys(CASES)
      for (const name of (pair + turn) % 2 ? names.reverse() : names)
        sums[name] += (await run(webs, name)) / TURNS
    }
    for (const name of Object.keys(CASES)) spent[name].push(sums[name])
  }
  if (generation === 0) await countCommands(webs)
  for (const { stop } of Object.values(webs)) stop()
}
report()
await close()

async function startWebs() {
  const started = await Promise.all(
    ['none', 'plugin', 'hand'].map(async name => {
      const file = new URL('page-view/web.mjs', import.meta.url)
      const child = fork(file, [name], { env: { ...process.env, REDIS_URL: url, NODE_ENV: 'production' } })
      const [{ port }] = await once(child, 'message')
      const cpu = async () => {
        child.send('cpu')
        const [{ cpu }] = await once(child, 'message')
        return cpu.user + cpu.system
      }
      const visitors = await Promise.all(
        Array.from({ length: VISITORS }, async (_, i) => {
          const visitor = new Visitor(port)
          const readers = []
          for (let j = 0; j < USERS_OF_A_VISITOR; j++) {
            const user = `user-${i}-${j}`
            readers.push({ user, session: await visitor.login(user) })
          }
          return { visitor, readers }
        }),
      )
      const stop = () => {
        for (const { visitor } of visitors) visitor.leave()
        child.disconnect()
      }
      return [name, { cpu, visitors, stop }]
    }),
  )
  return Object.fromEntries(started)
}

/**
 * Each user opens the page once; gives the web process's CPU time for each view, in microseconds. What waits for them was posted
 * before: to post by the plugin's store takes longer than RPUSH, and a web process that has to wait for work uses more CPU for it.
 */
async function run(webs, name) {
  const { web, post, isVisitor, path } = CASES[name]
  const { cpu, visitors } = webs[web]
  if (post) await Promise.all(visitors.flatMap(({ readers }) => readers.map(({ user }) => post(user))))
  const before = await cpu()
  await Promise.all(
    visitors.map(async ({ visitor, readers }) => {
      for (const { session } of readers) {
        const page = await visitor.open(path, isVisitor ? undefined : session)
        const shown = page.split('data-message-id').length - 1
        if (shown !== (post ? 1 : 0)) throw new Error(`${name}: ${shown} messages on a page`)
      }
    }),
  )
  return ((await cpu()) - before) / VIEWS
}

function report() {
  console.log(`web CPU per view, median of ${GENERATIONS * PAIRS} runs of ${TURNS * VIEWS} views:`)
  for (const [name, figures] of Object.entries(spent))
    console.log(
      `  ${name.padEnd(34)} ${median(figures).toFixed(0)} µs (${Math.min(...figures).toFixed(0)} to ${Math.max(...figures).toFixed(0)})`,
    )
  compare('plugin, nothing waits', 'without the plugin', 1.1)
  compare('by hand, nothing waits', 'without the plugin')
  compare('plugin, a message each view', 'by hand, a message each view', 1.1)
  compare('plugin, visitor', 'without the plugin, visitor', 1.1)
  compare('in memory, plugin, nothing waits', 'in memory, without the plugin')
  compare('in memory, by hand, nothing waits', 'in memory, without the plugin')
  compare('in memory, plugin, a message', 'in memory, by hand, a message')
}

function compare(one, other, goal) {
  const ratios = spent[one].map((figure, i) => figure / spent[other][i])
  const text = describeRatios(ratios)
  if (goal === undefined) console.log(`       ${one} / ${other}: ${text}`)
  else judge(`${one} / ${other}, at most ${goal.toFixed(2)}`, text, median(ratios) <= goal)
}

/** What a page view asks of Redis beyond the session: by MONITOR, and by Redis' own count of changes. */
async function countCommands(webs) {
  const { visitor, readers } = webs.plugin.visitors[0]
  const { user, session } = readers[0]
  const without = webs.none.visitors[0]
  const ask = (open, session) => countRequests(redis, url, () => open.open('/memory', session))
  const base = await ask(without.visitor, without.readers[0].session)
  const quiet = await ask(visitor, session)
  judge(
    'Redis commands of a view where nothing waits, at most 1 and no write',
    describe(quiet, base),
    quiet.commands - base.commands <= 1 && quiet.changes === 0,
  )
  const strange = await ask(visitor)
  judge('Redis commands of a view without a session, none', describe(strange), strange.commands === 0)

  await POSTERS.plugin(user)
  console.log(
    `       Redis commands of a view that shows a message: ${describe(await ask(visitor, session), base)}`,
  )
  await store.broadcast(info('Maintenance tonight.'))
  const everyone = await ask(visitor, session)
  judge(
    'Redis commands of a view that shows a broadcast, at most one more than where nothing waits',
    describe(everyone, base),
    everyone.commands <= quiet.commands + 1,
  )
  const after = await ask(visitor, session)
  judge(
    'Redis commands of a view after a broadcast was shown, no more than without one',
    describe(after, base),
    after.commands <= quiet.commands && after.changes === 0,
  )
  for (const { id } of await store.broadcasts()) await store.withdraw(id)
}

function describe({ commands, changes }, without = { commands: 0 }) {
  return `${commands - without.commands} (and ${without.commands} for the session), ${changes} changes`
}
