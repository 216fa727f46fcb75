import { createJobs, type Jobs } from '@tidings/jobs'
import { RedisMessageStore } from '@tidings/messages'
import {
  createLogger,
  type Logger,
  loadConfig,
  loadEnvFile,
  openRedis,
  preflight,
  type RedisHandle,
} from '@tidings/runtime'
import type { Redis } from 'ioredis'
import { type Application, openApplication } from './application.ts'
import { workerVariables } from './config.ts'

/** Which application, and which of its queues. */
export interface ToolOptions {
  app?: string
  queue?: string
}

/** What a command works with. */
export interface Tools {
  readonly handle: RedisHandle
  readonly redis: Redis
  readonly store: RedisMessageStore
  readonly application: Application
  readonly jobs: Jobs
  readonly log: Logger
}

/**
 * Connects, looks at something, and closes everything again.
 * @throws NoRedisError where Redis is away, with 75 as exit code
 */
export function withTools<T>(options: ToolOptions, work: (tools: Tools) => Promise<T>): Promise<T> {
  return open(options, work, { changes: false })
}

/**
 * As {@link withTools}, for what changes something: not in a Redis that would lose it, which web and worker refuse, too.
 * @throws NoRedisError (78) for a Redis that evicts, or can't be written to
 */
export function withWritingTools<T>(options: ToolOptions, work: (tools: Tools) => Promise<T>): Promise<T> {
  return open(options, work, { changes: true })
}

async function open<T>(
  options: ToolOptions,
  work: (tools: Tools) => Promise<T>,
  { changes }: { changes: boolean },
): Promise<T> {
  loadEnvFile()
  const config = loadConfig(workerVariables, process.env)
  const log = toolLog(config.LOG_LEVEL)
  const handle = await openRedis({ url: config.REDIS_URL, dataDir: config.DATA_DIR, log })
  try {
    const redis = await handle.connect('tool')
    if (changes) await preflight(redis, handle.description, log)
    const store = new RedisMessageStore({ redis, shards: config.SHARDS, log })
    const application = await openApplication(options.app, { redis, store, log, demo: config.DEMO })
    const { queue = 'jobs' } = options
    const jobs = createJobs({ redis, store, definitions: application.definitions, queue, log, sweepEvery: 0 })
    try {
      return await work({ handle, redis, store, application, jobs, log })
    } finally {
      await jobs.close()
    }
  } finally {
    await handle.close()
  }
}

/** Standard output is for data; and a command that does what it should says no more than that. */
function toolLog(level: string): Logger {
  return createLogger({
    name: 'tidings',
    level: level === 'info' ? 'error' : level,
    format: 'pretty',
    destination: { write: line => void process.stderr.write(line) },
  })
}
