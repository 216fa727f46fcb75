// A worker with the built package, started by stalled.test.ts: node stalled-worker.mjs
// REDIS (ioredis' options, JSON), PREFIX: where its jobs are; LOCK, STALLED: of BullMQ, ms; AT_ONCE: how many jobs run at once.
import { createJobs, defineJob } from '@tidings/jobs'
import { RedisMessageStore } from '@tidings/messages'
import { Redis } from 'ioredis'
import { z } from 'zod'

const { REDIS, PREFIX, LOCK, STALLED, AT_ONCE = '3' } = process.env
const say = (facts, text) => console.log(JSON.stringify({ ...facts, err: facts.err?.message, msg: text }))
const log = { debug() {}, info: say, warn: say, error: say, child: () => log }

const redis = new Redis({ ...JSON.parse(REDIS), maxRetriesPerRequest: null })
const block = defineJob({
  name: 'block',
  title: 'Block',
  input: z.object({ ms: z.number(), times: z.number(), kills: z.boolean().optional() }),
  async run({ input, jobId }) {
    const time = await redis.incr(`${PREFIX}:begun:${jobId}`)
    if (input.kills) process.kill(process.pid, 'SIGKILL')
    if (time <= input.times) for (const start = Date.now(); Date.now() - start < input.ms; );
    return { time }
  },
  messages: { success: ({ result }) => `Done the ${result.time}. time.` },
})
const store = new RedisMessageStore({ redis, prefix: PREFIX })
const jobs = createJobs({ redis, store, definitions: [block], log, sweepEvery: 500 })
await jobs.work({
  concurrency: Number(AT_ONCE),
  lockDuration: Number(LOCK),
  stalledInterval: Number(STALLED),
})
console.log(JSON.stringify({ msg: 'ready', ready: true }))
