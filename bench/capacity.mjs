// What Redis itself spends on a page view, a message and a job, and what they take of its memory: docs/scale.md counts with it.
import { createJobs, defineJob } from '@tidings/jobs'
import { info, RedisMessageStore } from '@tidings/messages'
import { z } from 'zod'
import { startRedis } from './tools/redis.mjs'

const VIEWS = 20_000
const JOBS = 10_000
const AT_ONCE = 50

const { redis, close } = await startRedis()
const store = new RedisMessageStore({ redis })
const noop = defineJob({
  name: 'noop',
  input: z.object({ text: z.string() }),
  run: async () => ({ done: true }),
  messages: { success: () => 'It is done.' },
})
const jobs = createJobs({ redis, store, definitions: [noop], sweepEvery: 0 })
const user = i => `user-${i}`

await inTurns(VIEWS, i => store.post(user(i % 1000), info('x'.repeat(100))))
await inTurns(1000, i => show(user(i), Number.POSITIVE_INFINITY))
report(
  'a page view, nothing waits',
  await cost(VIEWS, i => store.claim({ owner: user(i % 1000) }, { limit: 10 })),
)
report('a message posted', await cost(VIEWS, i => store.post(user(i % 1000), info('x'.repeat(100)))))
report(
  'a page view that shows one message of twenty: claim and confirm',
  await cost(1000, i => show(user(i), 1)),
)
await inTurns(1000, i => show(user(i), Number.POSITIVE_INFINITY))
await inTurns(1000, i => store.post(user(i), info('x'.repeat(100))))
report('a page view that shows the one message that waits', await cost(1000, i => show(user(i), 10)))

const before = await memory()
report(
  'a job taken',
  await cost(JOBS, i => jobs.enqueue(noop, { text: 'x'.repeat(100) }, { owner: user(i % 1000) })),
)
console.log(`${Math.round(((await memory()) - before) / JOBS)} bytes for a job that waits`)
const began = performance.now()
const spent = await cpu()
const worker = await jobs.work({ concurrency: AT_ONCE })
while ((await jobs.stats()).completed < JOBS) await new Promise(resolve => setTimeout(resolve, 100))
const seconds = (performance.now() - began) / 1000
report('a job run and ended, with its message', ((await cpu()) - spent) / JOBS)
console.log(`${Math.round(JOBS / seconds)} jobs a second, one worker, ${AT_ONCE} at once`)
console.log(
  `${Math.round(((await memory()) - before) / JOBS)} bytes for a job that has ended, and its message`,
)
await worker.close()
await jobs.close()
await close()
process.exit()

function report(what, microseconds) {
  const aSecond = Math.round(1_000_000 / microseconds)
  console.log(
    `${microseconds.toFixed(0)} µs of Redis for ${what}: ${aSecond.toLocaleString('en')} a second and core`,
  )
}

/** µs of Redis' CPU for each of so many. */
async function cost(count, step) {
  const before = await cpu()
  await inTurns(count, step)
  return ((await cpu()) - before) / count
}

async function inTurns(count, step) {
  for (let i = 0; i < count; i += AT_ONCE)
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - i) }, (_, offset) => step(i + offset)))
}

async function cpu() {
  const text = await redis.info('cpu')
  const field = name => Number(new RegExp(`${name}:(\\S+)`).exec(text)?.[1]) * 1_000_000
  return field('used_cpu_user') + field('used_cpu_sys')
}

async function memory() {
  return Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1])
}

/** What a page does that shows what waits. */
async function show(owner, limit) {
  const claim = await store.claim({ owner }, { limit })
  if (!claim) return
  await store.confirm(
    claim,
    claim.messages.map(({ id }) => id),
  )
}
