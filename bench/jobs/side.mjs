// One process of the comparison: node bench/jobs/side.mjs add|work <side>
// Told a number of jobs, it adds or ends as many, and tells its parent what that took.
import { createLogger, openRedis } from '@tidings/runtime'
import { adder, PATIENCE, startWorker } from './sides.mjs'

const AT_ONCE = 50

const [, , half, side] = process.argv
const log = createLogger({ name: 'bench', level: 'warn' })
const handle = await openRedis({ url: process.env.REDIS_URL, dataDir: '.', log })
const redis = await handle.connect(half === 'add' ? 'web' : 'worker')
// A page gives up after less than a second; what is measured here on a busy machine must not.
if (half === 'add') redis.options.commandTimeout = PATIENCE

// What this process sends to Redis, on whichever connection: all are of one class.
let commands = 0
const connection = Object.getPrototypeOf(redis)
const { sendCommand } = connection
connection.sendCommand = function (...args) {
  commands++
  return sendCommand.apply(this, args)
}

const work = half === 'add' ? additions(adder(side, redis)) : await endings()

process.on('message', async jobs => {
  const before = { commands, cpu: process.cpuUsage(), time: performance.now() }
  const done = work(jobs)
  if (half === 'work') process.send?.('ready')
  await done
  const { user, system } = process.cpuUsage(before.cpu)
  process.send?.({
    cpu: (user + system) / jobs,
    commands: (commands - before.commands) / jobs,
    ms: performance.now() - before.time,
    rss: process.memoryUsage.rss(),
  })
})
process.on('disconnect', () => process.exit())
process.send?.('started')

function additions(add) {
  let n = 0
  return async jobs => {
    let left = jobs
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        while (left-- > 0) await add(n++)
      }),
    )
  }
}

async function endings() {
  let total = 0
  let left = 0
  let isNew = true
  let finish = () => {}
  await startWorker(side, redis, () => {
    left--
    // A full collection while jobs run makes all that follow dearer (what BullMQ's sets held lives on): each worker that runs
    // for long has had one, so each of these has one before it is measured.
    if (isNew && left === Math.floor(total / 2)) {
      globalThis.gc?.()
      isNew = false
    }
    if (left === 0) finish()
  })
  return jobs => {
    total = jobs
    left = jobs
    return new Promise(resolve => {
      finish = resolve
    })
  }
}
