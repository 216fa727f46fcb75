// A worker with the built packages, started by the tests beside it: node test/history/worker.mjs
// REDIS_URL, PREFIX: where its jobs are; LOG: say what happens; LOCK, STALLED: of BullMQ, ms (default: those of the product); CONCURRENCY; CRASH,
// KILL_AT_REPLY and SEED as in crash.mjs. SIGTERM has it finish what runs; with LEAVES=at-once, hand it back.
import './crash.mjs'
import { createJobs } from '@tidings/jobs'
import { RedisMessageStore } from '@tidings/messages'
import { openRedis } from '@tidings/runtime'
import { endingJob } from './endings.mjs'

const { REDIS_URL, PREFIX = '{tidings}', LOCK, STALLED, CONCURRENCY = '5', LEAVES, LOG } = process.env

const silent = { info() {}, warn() {}, error() {}, debug() {}, child: () => silent }
const say = (facts, text) =>
  console.log(JSON.stringify({ ...facts, err: facts.err?.message, msg: text ?? facts }))
const log = LOG ? { ...silent, info: say, warn: say, child: () => log } : silent

const handle = await openRedis({ url: REDIS_URL, dataDir: '.', log: silent })
const redis = await handle.connect('worker')
const store = new RedisMessageStore({ redis, prefix: PREFIX })
const once = async label => (await redis.set(`${PREFIX}:once:${label}`, '1', 'NX')) === 'OK'
const jobs = createJobs({ redis, store, definitions: [endingJob(once)], log })
const worker = await jobs.work({
  concurrency: Number(CONCURRENCY),
  ...(LOCK && { lockDuration: Number(LOCK) }),
  ...(STALLED && { stalledInterval: Number(STALLED) }),
})
console.log(JSON.stringify({ msg: 'ready', ready: true }))

process.once('SIGTERM', async () => {
  console.log(JSON.stringify({ msg: 'leaving' }))
  await worker.close({ force: LEAVES === 'at-once' })
  await jobs.close()
  await handle.close()
  process.exit()
})
