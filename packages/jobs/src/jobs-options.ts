import type { RedisMessageStore } from '@tidings/messages'
import type { Cluster, Redis } from 'ioredis'
import { z } from 'zod'
import type { AnyJobDefinition } from './define-job.ts'
import type { JobsEvent } from './job-counters.ts'
import type { JobEnd } from './job-end.ts'
import { JobLimit } from './job-limit.ts'
import type { Log } from './log.ts'
import type { JobTelemetry } from './telemetry.ts'

const SECOND = 1000

/** Options of {@link createJobs}. */
export interface JobsOptions {
  /** A connection, which isn't closed here. */
  redis: Redis | Cluster
  /** Where outcomes are posted, on the same Redis. Its prefix and its shards are those of the queue, too. */
  store: RedisMessageStore
  definitions: readonly AnyJobDefinition[]
  /** A pino logger or one like it; default: says nothing. */
  log?: Log
  /** The queue's name; default `jobs`. There is one in each of the store's shards. */
  queue?: string
  /** Owners take turns, so that one's backlog shuts nobody out; default false. Priorities are refused then. */
  fair?: boolean
  /** How many unfinished jobs an owner may have; default any number. Runs of schedules and retries by hand don't count. */
  maxPerOwner?: number
  /** How long a call waits for Redis, ms; default 5 s. A sweep waits as long as the connection does. */
  timeout?: number
  /** How often this process looks after what is owed, if no other does, ms; default 15 s. 0: only by {@link Jobs.sweep}. */
  sweepEvery?: number
  /**
   * Traces jobs, as BullMQ's own option of this name: `new BullMQOtel({ tracerName: 'jobs' })` of bullmq-otel. A job carries its
   * trace from where it is enqueued to the worker; default: none, and nothing more is stored.
   */
  telemetry?: JobTelemetry
  /** Told of what is counted: outcomes by kind, stalled jobs, what a sweep did. */
  onEvent?(event: JobsEvent, count: number): void
  /** Told of each job that a worker of this process has ended. */
  onEnded?(end: JobEnd): void
}

/** Options of {@link Jobs.work}. */
export interface WorkOptions {
  /** Jobs run side by side; default 5. */
  concurrency?: number
  /** How long a job's lock lasts without being renewed, ms; default 10 s. For tests: a killed worker's jobs come back sooner. */
  lockDuration?: number
  /** How often jobs without a lock are looked for, ms; default 5 s. For tests. */
  stalledInterval?: number
  /** After so many jobs it takes no more; default: no limit. `worker.spent` says when. A {@link JobLimit} holds for several queues. */
  maxJobs?: number | JobLimit
  /** Of your application, up to 100 characters: shown by {@link Jobs.workers}. */
  version?: string
}

/** {@link JobsOptions}, but for what is no plain value. */
export const optionsSchema = z.strictObject({
  queue: z
    .string()
    .regex(/^[\w-]{1,60}$/, 'expected letters, digits, "-" and "_"')
    .default('jobs'),
  fair: z.boolean().default(false),
  maxPerOwner: z.int().min(1).optional(),
  timeout: z
    .int()
    .min(1)
    .default(5 * SECOND),
  sweepEvery: z
    .int()
    .min(0)
    .default(15 * SECOND),
})

/**
 * What is no plain value among {@link JobsOptions}: a part that lacks something would be missed in the middle of a job.
 */
export const partsSchema = z.object({
  redis: having(['duplicate', 'defineCommand'], 'an ioredis connection or Cluster'),
  store: having(['shardOf', 'checkShards'], 'a RedisMessageStore of @tidings/messages'),
  log: having(['debug', 'info', 'warn', 'error', 'child'], 'a pino logger, or one like it').optional(),
  onEvent: z.custom(isFunction, 'expected a function').optional(),
  onEnded: z.custom(isFunction, 'expected a function').optional(),
})

/** {@link WorkOptions}. */
export const workSchema = z.strictObject({
  concurrency: z.int().min(1).max(1000).default(5),
  // A worker is killed, its lock ends within 10 s, and two checks follow within 10 more: P3 says 30.
  lockDuration: z
    .int()
    .min(100)
    .default(10 * SECOND),
  stalledInterval: z
    .int()
    .min(100)
    .default(5 * SECOND),
  maxJobs: z.union([z.int().min(1), z.instanceof(JobLimit)]).optional(),
  version: z.string().max(100).optional(),
})

function having(methods: readonly string[], what: string) {
  return z.custom(
    value =>
      typeof value === 'object' &&
      value !== null &&
      methods.every(name => isFunction(Reflect.get(value, name))),
    `expected ${what}`,
  )
}

function isFunction(value: unknown): boolean {
  return typeof value === 'function'
}
