import { createJobs, type Jobs } from '@tidings/jobs'
import { RedisMessageStore } from '@tidings/messages'
import {
  createLogger,
  type Logger,
  loadConfig,
  loadEnvFile,
  openRedis,
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
 * Connects, does something, and closes everything again.
 * @throws NoRedisError where Redis is away, with 75 as exit code
 */
export async function withTools<T>(options: ToolOptions, work: (tools: Tools) => Promise<T>): Promise<T> {
  loadEnvFile()
  const config = loadConfig(workerVariables, process.env)
  const log = toolLog(config.LOG_LEVEL)
  const handle = await openRedis({ url: config.REDIS_URL, dataDir: config.DATA_DIR, log })
  try {
    const redis = await handle.connect('tool')
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
