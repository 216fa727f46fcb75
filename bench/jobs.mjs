// What an outcome for every job costs: @tidings/jobs beside bare BullMQ, no-op jobs, 50 at once. CPU time of the workers and of
// Redis, which doesn't depend on who else uses the machine as throughput does.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { Queue } from 'bullmq'
import { prefixOf, QUEUE, SIDES } from './jobs/sides.mjs'
import { describeRatios, judge, median } from './tools/ratio.mjs'
import { startRedis } from './tools/redis.mjs'

// Processes that run the same code differ by how the compiler and the memory fell out, so each is started several times.
const GENERATIONS = Number(process.env.GENERATIONS ?? 4)
const PAIRS = Number(process.env.PAIRS ?? 3)
// One run of a pair: turns of all sides, so short that whatever else the machine does meets each of them alike.
const TURNS = 5
const JOBS = Number(process.env.JOBS ?? 20_000) / TURNS
/** CPU of worker and Redis beside that of bare BullMQ, at most. Lists that are full are for comparison. */
const GOALS = { outcomes: 1.2, ledger: 1.3, 'ledger, started': 1.3 }

const { redis, url, close } = await startRedis()
const names = (process.env.SIDES?.split(';') ?? Object.keys(SIDES)).filter(name => name in SIDES)
/** By side, what each run took. */
const runs = Object.fromEntries(names.map(name => [name, []]))

for (let generation = 0; generation < GENERATIONS; generation++) {
  const sides = {}
  for (const name of names) sides[name] = await start(name)
  for (const name of names) await turn(sides[name])
  for (let pair = 0; pair < PAIRS; pair++) {
    const turns = Object.fromEntries(names.map(name => [name, []]))
    for (let i = 0; i < TURNS; i++)
      for (const name of shuffled(names)) turns[name].push(await turn(sides[name]))
    for (const name of names) runs[name].push(mean(turns[name]))
    await redis.flushall('SYNC') // the parts of a run are alike: each begins with nothing, as the first did
  }
  for (const { stop } of Object.values(sides)) await stop()
}
report()
await close()

async function start(name) {
  const env = { ...process.env, REDIS_URL: url, NODE_ENV: 'production' }
  const [add, work] = await Promise.all(
    ['add', 'work'].map(async half => {
      const child = fork(new URL('jobs/side.mjs', import.meta.url), [half, name], {
        env,
        execArgv: [...process.execArgv, '--expose-gc'],
      })
      await once(child, 'message')
      return child
    }),
  )
  const connection = redis.duplicate()
  const queue = new Queue(QUEUE, { connection, prefix: prefixOf(name) })
  return {
    add,
    work,
    queue,
    async stop() {
      const ends = [add, work].map(child => once(child, 'exit'))
      for (const child of [add, work]) child.disconnect()
      await Promise.all(ends)
      await queue.close()
      connection.disconnect()
    },
  }
}

/** Some jobs of one side: all are added before the first of them is run. Microseconds for each job. */
async function turn({ add, work, queue }) {
  await queue.pause()
  const before = await redisCpu()
  add.send(JOBS)
  const [added] = await once(add, 'message')
  const between = await redisCpu()
  work.send(JOBS)
  await once(work, 'message')
  await queue.resume()
  const [ended] = await once(work, 'message')
  const after = await redisCpu()
  return {
    adder: added.cpu,
    worker: ended.cpu,
    redisAdding: (between - before) / JOBS,
    redisEnding: (after - between) / JOBS,
    addCommands: added.commands,
    endCommands: ended.commands,
    addedPerSecond: (JOBS / added.ms) * 1000,
    endedPerSecond: (JOBS / ended.ms) * 1000,
    megabytes: ended.rss / 2 ** 20,
  }
}

async function redisCpu() {
  const info = await redis.info('cpu')
  const read = name => Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(info)?.[1])
  return (read('used_cpu_user') + read('used_cpu_sys')) * 1e6
}

function report() {
  console.log(
    `per job, medians of ${GENERATIONS * PAIRS} runs of ${TURNS * JOBS} jobs (range):                        CPU in µs`,
  )
  for (const [title, of] of [
    ['worker', run => run.worker],
    ['Redis, jobs end', run => run.redisEnding],
    ['Redis, jobs are added', run => run.redisAdding],
    ['process that adds', run => run.adder],
    ['jobs/s ended', run => run.endedPerSecond],
    ['jobs/s added', run => run.addedPerSecond],
    ['commands of the worker', run => run.endCommands],
    ['commands of the adder', run => run.addCommands],
    ['worker RSS, MB', run => run.megabytes],
  ]) {
    console.log(`  ${title}`)
    for (const name of names) console.log(`    ${name.padEnd(20)} ${describe(runs[name].map(of))}`)
  }

  const ending = run => run.worker + run.redisEnding
  const both = run => ending(run) + run.redisAdding
  const all = run => both(run) + run.adder
  // Other systems were measured while a worker empties a queue. Ours keep within the goal with what taking the jobs costs Redis, too.
  const told = names.filter(name => name !== 'bare')
  for (const name of told) {
    const goal = GOALS[name]
    compare('CPU of worker and Redis while jobs end', name, ending, goal)
    compare('CPU of worker and Redis, jobs added and ended', name, both, goal)
    compare('CPU of all three processes', name, all)
    compare('CPU of the process that adds', name, run => run.adder)
    compare('jobs/s ended', name, run => run.endedPerSecond)
  }
  for (const name of told) {
    // A worker also asks for the first jobs of a turn, and for those that don't come after its last.
    compare('commands of the worker', name, run => run.endCommands, 1.005)
    judgeFigure(`commands of the process that adds, ${name}`, name, run => run.addCommands, 1)
    compare('RSS of the worker', name, run => run.megabytes, 1.15)
  }
}

function compare(what, name, of, goal) {
  if (!runs[name] || !runs.bare) return
  const ratios = runs[name].map((run, i) => of(run) / of(runs.bare[i]))
  const text = describeRatios(ratios)
  if (goal === undefined) console.log(`       ${what}, ${name} / bare: ${text}`)
  else judge(`${what}, ${name} / bare, at most ${goal}`, text, median(ratios) <= goal)
}

function judgeFigure(what, name, of, goal) {
  const figures = runs[name].map(of)
  judge(`${what}, at most ${goal.toFixed(1)}`, describe(figures), median(figures) <= goal + 0.005)
}

function describe(figures) {
  const [low, high] = [Math.min(...figures), Math.max(...figures)]
  const digits = high < 20 ? 2 : 0
  return `${median(figures).toFixed(digits)} (${low.toFixed(digits)} to ${high.toFixed(digits)})`
}

function mean(parts) {
  const [first = {}] = parts
  return Object.fromEntries(
    Object.keys(first).map(key => [key, parts.reduce((sum, part) => sum + part[key], 0) / parts.length]),
  )
}

function shuffled(items) {
  const rest = [...items]
  return items.map(() => rest.splice(Math.floor(Math.random() * rest.length), 1)[0])
}
