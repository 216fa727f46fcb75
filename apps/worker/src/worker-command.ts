import { blogJobs, createBlog } from '@tidings/blog'
import { createJobs, type JobWorker } from '@tidings/jobs'
import { RedisMessageStore } from '@tidings/messages'
import { createLogger, type Logger, loadConfig, loadEnvFile, openRedis } from '@tidings/runtime'
import type { StopRequests } from '@tidings/runtime/supervisor'
import { workerVariables } from './config.ts'
import { VERSION } from './version.ts'

const QUEUE = 'jobs'
/** How long running jobs may take to finish after the first signal, ms: less than what most platforms wait before they kill. */
const GRACE = 25_000
/** How long leaving at once may take, ms. */
const LEAVE = 3_000

/** What `tidings worker` was given. */
export interface WorkerCommand {
  /** Jobs run side by side. */
  concurrency: number
  stop: StopRequests
}

/**
 * Runs jobs until it is asked to stop; then finishes what runs.
 * @returns the exit code: 0 when every running job was finished, 1 when the time for that was over, 130 or 143 after a
 * second signal.
 */
export async function runWorker({ concurrency, stop }: WorkerCommand): Promise<number> {
  loadEnvFile()
  const config = loadConfig(workerVariables, process.env)
  const log = createLogger({ name: 'worker', level: config.LOG_LEVEL })
  const connections = await openRedis({ url: config.REDIS_URL, dataDir: config.DATA_DIR, log })
  try {
    const redis = await connections.connect('worker')
    const store = new RedisMessageStore({ redis, shards: config.SHARDS, log })
    const definitions = Object.values(blogJobs(createBlog({ redis }), { demo: config.DEMO }))
    const jobs = createJobs({ redis, store, definitions, queue: QUEUE, log })
    const worker = await jobs.work({ concurrency })
    const where = { redis: connections.description, queue: QUEUE, concurrency }
    log.info({ ...where, ready: true }, `Tidings worker ${VERSION} takes jobs`)
    const code = await untilStopped(worker, stop, log)
    await jobs.close()
    return code
  } finally {
    await connections.close()
  }
}

async function untilStopped(worker: JobWorker, stop: StopRequests, log: Logger): Promise<number> {
  await stop.first
  log.info({ running: worker.running }, stopping(worker.running))
  const { over, clear } = timeLimit(GRACE)
  const closed = worker.close().then(() => 'closed' as const)
  const ended = await Promise.race([closed, over, stop.second])
  clear()
  if (ended === 'closed') {
    log.info({}, 'stopped')
    return 0
  }
  log.warn({ running: worker.running }, 'leaving at once: what ran goes back to the queue')
  const code = ended === 'late' ? 1 : ended === 'SIGINT' ? 130 : 143
  // Nor may a Redis that hangs keep the process: another worker finds out by itself that it is gone.
  setTimeout(() => process.exit(code), LEAVE).unref()
  await worker.close({ force: true })
  return code
}

function stopping(running: number): string {
  if (running === 0) return 'stopping'
  return `stopping: ${running} running ${running === 1 ? 'job is' : 'jobs are'} finished first; once more to leave at once`
}

function timeLimit(ms: number): { over: Promise<'late'>; clear(): void } {
  let timer: NodeJS.Timeout | undefined
  const over = new Promise<'late'>(resolve => {
    timer = setTimeout(() => resolve('late'), ms)
  })
  return { over, clear: () => clearTimeout(timer) }
}
