import { RedisMessageStore } from '@tidings/messages'
import { openRedis } from '@tidings/runtime'
import { Worker } from 'bullmq'

/** A worker of BullMQ's own, as its documentation has it; it takes no job before the caller had time to listen. */
export async function plainWorker(run) {
  const { REDIS_URL, PREFIX } = process.env
  const log = { info() {}, warn() {}, error() {}, debug() {}, child: () => log }
  const handle = await openRedis({ url: REDIS_URL, dataDir: '.', log })
  const redis = await handle.connect('worker')
  const store = new RedisMessageStore({ redis, prefix: PREFIX })
  const worker = new Worker('jobs', job => run(job, { store, redis }), {
    connection: redis,
    prefix: PREFIX,
    concurrency: 1,
    lockDuration: 500,
    stalledInterval: 250,
  })
  worker.on('error', () => {})
  return { worker, store }
}
