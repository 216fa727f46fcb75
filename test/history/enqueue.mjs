// Asks for one job and says its id: node test/history/enqueue.mjs '{"label":…,"ending":…,"ms":…}'
// REDIS_URL, PREFIX, OWNER, KEY (idempotency key); CRASH as in crash.mjs.
import './crash.mjs'
import { createJobs } from '@tidings/jobs'
import { RedisMessageStore } from '@tidings/messages'
import { openRedis } from '@tidings/runtime'
import { endingJob } from './endings.mjs'

const { REDIS_URL, PREFIX, OWNER, KEY } = process.env
const log = { info() {}, warn() {}, error() {}, debug() {}, child: () => log }

const handle = await openRedis({ url: REDIS_URL, dataDir: '.', log })
const redis = await handle.connect('web')
const job = endingJob()
const jobs = createJobs({
  redis,
  store: new RedisMessageStore({ redis, prefix: PREFIX }),
  definitions: [job],
  log,
})
const { id } = await jobs.enqueue(job, JSON.parse(process.argv[2]), { owner: OWNER, idempotencyKey: KEY })
console.log(JSON.stringify({ msg: 'enqueued', id }))
await jobs.close()
await handle.close()
