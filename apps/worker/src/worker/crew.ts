import {
  createJobs,
  type JobEnd,
  JobLimit,
  type Jobs,
  type JobTelemetry,
  type JobWorker,
} from '@tidings/jobs'
import { RedisMessageStore } from '@tidings/messages'
import type { Logger } from '@tidings/runtime'
import type { Redis } from 'ioredis'
import { openApplication } from '../application.ts'
import { VERSION } from '../version.ts'
import type { Measured } from './metrics.ts'

/** What a crew is made of. */
export interface CrewOptions {
  redis: Redis
  shards: number
  /** The module of `--app`. */
  app: string | undefined
  demo: boolean
  queues: readonly string[]
  concurrency: number
  maxJobs: number | undefined
  log: Logger
  /** What traces the jobs, if anything does. */
  telemetry: JobTelemetry | undefined
  /** Told of each job that ends here. */
  onEnded(end: JobEnd): void
}

/** The workers of one process: one for each queue. */
export interface Crew {
  readonly jobs: readonly Jobs[]
  readonly workers: readonly JobWorker[]
  /** Fulfilled when the last of `maxJobs` has begun. */
  readonly spent: Promise<void>
  readonly running: number
  /** For metrics: what is counted and looked at now. */
  measured(lastContact: number | undefined): Measured
  close(): Promise<void>
}

/** Starts to take jobs from every queue. */
export async function startCrew(options: CrewOptions): Promise<Crew> {
  const { redis, shards, app, demo, queues, concurrency, log, telemetry, onEnded } = options
  const store = new RedisMessageStore({ redis, shards, log })
  const { definitions } = await openApplication(app, { redis, store, log, demo })
  const limit = new JobLimit(options.maxJobs)
  const shared = { redis, store, definitions, log, onEnded, ...(telemetry && { telemetry }) }
  const jobs = queues.map(queue => createJobs({ ...shared, queue }))
  const workers: JobWorker[] = []
  const close = async () => {
    await Promise.all(workers.map(worker => worker.close({ force: true })))
    await Promise.all(jobs.map(each => each.close()))
  }
  try {
    for (const each of jobs) workers.push(await each.work({ concurrency, maxJobs: limit, version: VERSION }))
  } catch (error) {
    await close()
    throw error
  }
  const running = () => workers.reduce((sum, worker) => sum + worker.running, 0)
  return {
    jobs,
    workers,
    spent: limit.spent,
    get running() {
      return running()
    },
    measured(lastContact) {
      const measuredQueues = jobs.map((each, i) => ({
        name: queues[i] ?? '',
        counts: each.counts,
        stats: () => each.stats(),
        statsByName: () => each.statsByName(),
        workers: async () => (await each.workers()).length,
      }))
      return { queues: measuredQueues, messages: store.counts, running: running(), lastContact }
    },
    close,
  }
}
