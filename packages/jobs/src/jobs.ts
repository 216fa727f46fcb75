import { createHash, randomBytes } from 'node:crypto'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { RedisMessageStore } from '@tidings/messages'
import { Queue } from 'bullmq'
import type { Redis } from 'ioredis'
import { z } from 'zod'
import { checkInput } from './check-input.ts'
import type { AnyJobDefinition, JobDefinition } from './define-job.ts'
import { type JobView, jobView } from './job-view.ts'
import { JobWorker } from './job-worker.ts'
import { type Log, silentLog } from './log.ts'
import type { StoredData } from './stored-job.ts'

const DAY = 24 * 60 * 60
// Ended jobs stay to be looked at; an idempotency key leads to its job for as long.
const KEPT = { age: 3 * DAY, count: 100_000 }
const MAX_LISTED = 200
// BullMQ keeps jobs beside lists and sets of its own (`wait`, `meta`, `<id>:lock`): an id from an address must not name one.
const JOB_ID = /^[\w-]{20,100}$/

/** Options of {@link createJobs}. */
export interface JobsOptions {
  /** A connection, which isn't closed here. Give it a `commandTimeout`: a request waits for `enqueue`. */
  redis: Redis
  /** Where outcomes are posted; on the same Redis, under the same prefix. */
  store: RedisMessageStore
  definitions: readonly AnyJobDefinition[]
  /** A pino logger or one like it; default: says nothing. */
  log?: Log
  /** Before every key; default that of the store. */
  prefix?: string
  /** The queue's name; default `jobs`. */
  queue?: string
}

/** Options of {@link Jobs.enqueue}. */
export interface EnqueueOptions {
  /** Whom the job belongs to: the one who is told how it ended. */
  owner: string
  /** The same owner, job and key give the same job, however often it is asked for. */
  idempotencyKey?: string
}

/** Options of {@link Jobs.work}. */
export interface WorkOptions {
  /** Jobs run side by side; default 5. */
  concurrency?: number
}

/**
 * Jobs over BullMQ whose owners are told how they ended.
 * @throws TypeError for two definitions of one name, or a store that is elsewhere.
 */
export function createJobs(options: JobsOptions): Jobs {
  return new Jobs(options)
}

/** Made by {@link createJobs}. */
export class Jobs {
  readonly #redis: Redis
  readonly #store: RedisMessageStore
  readonly #log: Log
  readonly #prefix: string
  readonly #definitions: ReadonlyMap<string, AnyJobDefinition>
  readonly #queue: Queue

  constructor({
    redis,
    store,
    definitions,
    log = silentLog,
    prefix = store.prefix,
    queue = 'jobs',
  }: JobsOptions) {
    this.#redis = redis
    this.#store = store
    this.#log = log
    this.#prefix = prefix
    this.#definitions = byName(definitions)
    this.#queue = new Queue(queue, { connection: redis, prefix, skipWaitingForReady: true })
    this.#queue.on('error', err => log.warn({ err }, 'trouble with the queue'))
  }

  /** The definitions, by name. */
  get definitions(): ReadonlyMap<string, AnyJobDefinition> {
    return this.#definitions
  }

  /**
   * Enqueues a job for its owner.
   * @returns the job's id, which can't be guessed.
   * @throws InvalidInputError where the definition's schema refuses the input; what Redis throws where it can't be reached:
   * then it isn't known whether the job was taken, and the same idempotency key can't start it twice.
   */
  async enqueue<Schema extends StandardSchemaV1, Result>(
    definition: JobDefinition<Schema, Result>,
    input: StandardSchemaV1.InferInput<Schema>,
    options: EnqueueOptions,
  ): Promise<{ id: string }> {
    const { owner, idempotencyKey } = enqueueSchema.parse(options)
    if (this.#definitions.get(definition.name) !== definition) {
      throw new TypeError(`Job "${definition.name}" is not among the definitions that createJobs was given`)
    }
    await checkInput(definition, input)
    const id =
      idempotencyKey === undefined
        ? randomBytes(16).toString('base64url')
        : idOf(owner, definition.name, idempotencyKey)
    const data: StoredData = { owner, input }
    await this.#remember(owner, id)
    await this.#queue.add(definition.name, data, {
      jobId: id,
      attempts: definition.attempts,
      ...(definition.backoff && { backoff: definition.backoff }),
      removeOnComplete: KEPT,
      removeOnFail: KEPT,
    })
    return { id }
  }

  /** A job of this owner; `undefined` where there is none, or it is somebody else's. */
  async find(id: string, { owner }: { owner: string }): Promise<JobView | undefined> {
    if (!JOB_ID.test(id)) return undefined
    // In this order: a job that ends in between is shown as running with its result, never as ended without one.
    const state = await this.#queue.getJobState(id)
    const job = await this.#queue.getJob(id)
    if (!job) return undefined
    return jobView(job, state, owner, this.#definitions.get(job.name))
  }

  /** The owner's latest jobs, newest first; at most `limit` (default 50, up to 200). */
  async list({ owner, limit = 50 }: { owner: string; limit?: number }): Promise<JobView[]> {
    const ids = await this.#redis.zrevrange(this.#ownedKey(owner), 0, Math.min(limit, MAX_LISTED) - 1)
    const jobs = await Promise.all(ids.map(id => this.find(id, { owner })))
    return jobs.filter(job => job !== undefined)
  }

  /**
   * Starts to run jobs in this process.
   * @throws UnwrappableError where this BullMQ can't end a job and tell its owner in one step.
   */
  async work({ concurrency = 5 }: WorkOptions = {}): Promise<JobWorker> {
    return JobWorker.start({
      // A worker's commands may wait for as long as Redis is away; a page's may not.
      connection: this.#redis.duplicate({ maxRetriesPerRequest: null, commandTimeout: undefined }),
      store: this.#store,
      definitions: this.#definitions,
      log: this.#log,
      prefix: this.#prefix,
      queue: this.#queue.name,
      concurrency: z.int().min(1).max(1000).parse(concurrency),
    })
  }

  /** Closes what this opened. Workers are closed by whoever started them. */
  async close(): Promise<void> {
    await this.#queue.close()
  }

  /** So that the owner's jobs can be listed. Before the job is added: a job that is missing in the list would be worse. */
  async #remember(owner: string, id: string): Promise<void> {
    const key = this.#ownedKey(owner)
    const replies = await this.#redis
      .multi()
      .zadd(key, 'NX', Date.now(), id)
      .zremrangebyrank(key, 0, -MAX_LISTED - 1)
      .expire(key, KEPT.age)
      .exec()
    for (const [error] of replies ?? []) if (error) throw error
  }

  #ownedKey(owner: string): string {
    return `${this.#prefix}:owned:${owner}`
  }
}

const enqueueSchema = z.object({
  owner: z.string().min(1).max(200),
  idempotencyKey: z.string().min(1).max(200).optional(),
})

function idOf(owner: string, name: string, key: string): string {
  return createHash('sha256')
    .update(JSON.stringify([owner, name, key]))
    .digest('base64url')
    .slice(0, 22)
}

function byName(definitions: readonly AnyJobDefinition[]): ReadonlyMap<string, AnyJobDefinition> {
  const map = new Map<string, AnyJobDefinition>()
  for (const definition of definitions) {
    if (map.has(definition.name))
      throw new TypeError(`Two job definitions have the name "${definition.name}": each needs its own`)
    map.set(definition.name, definition)
  }
  return map
}
