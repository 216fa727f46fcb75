import { createHash, randomBytes } from 'node:crypto'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { RedisMessageStore } from '@tidings/messages'
import type { Job } from 'bullmq'
import type { Cluster, Redis } from 'ioredis'
import { z } from 'zod'
import { REFUSED } from './accept.ts'
import { backoffOptions } from './backoff.ts'
import { Batches } from './batches.ts'
import { checkInput } from './check-input.ts'
import type { AnyJobDefinition, JobDefinition } from './define-job.ts'
import {
  type BatchOptions,
  batchSchema,
  checkOptions,
  type EnqueueOptions,
  enqueueSchema,
  type ScheduleOptions,
} from './enqueue-options.ts'
import { JobCounters, type JobsCounts, type JobsEvent } from './job-counters.ts'
import type { JobEnd } from './job-end.ts'
import { type Cancellation, JobQueue, PICK_UP_WITHIN } from './job-queue.ts'
import { type JobStats, jobStats } from './job-stats.ts'
import { type JobView, jobView } from './job-view.ts'
import { JobWorker } from './job-worker.ts'
import { encoding } from './ledger-entry.ts'
import { type Log, silentLog } from './log.ts'
import { startedMessage } from './outcome.ts'
import { KeyReusedError, TooManyJobsError } from './refused-error.ts'
import { type Schedule, Schedules } from './schedules.ts'
import type { StoredData } from './stored-job.ts'
import { type SweepReport, sweep } from './sweep.ts'
import { uniqueKey } from './unique-key.ts'
import { withinTime } from './within-time.ts'

const SECOND = 1000
const DAY = 24 * 60 * 60
// Ended jobs stay to be looked at.
const KEPT = { age: 3 * DAY, count: 100_000 }
const KEY_HOLDS = DAY * SECOND
const MAX_LISTED = 200
// BullMQ keeps jobs beside lists and sets of its own (`wait`, `meta`, `<id>:lock`): an id from an address must not name one.
const JOB_ID = /^([\w-]{20,100}|repeat:[\w-]{22}:\d{13})$/

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
  /** After so many jobs it takes no more; default: no limit. `worker.spent` says when. */
  maxJobs?: number
}

/** Whose job is meant. Without an owner, anybody's: for staff. */
export interface JobScope {
  owner?: string
}

/**
 * Jobs over BullMQ whose owners are told how they ended.
 * @throws TypeError for two definitions of one name, or options out of range.
 */
export function createJobs(options: JobsOptions): Jobs {
  return new Jobs(options)
}

/** Made by {@link createJobs}. */
export class Jobs {
  readonly #options: z.output<typeof optionsSchema>
  readonly #store: RedisMessageStore
  readonly #log: Log
  readonly #definitions: ReadonlyMap<string, AnyJobDefinition>
  /** By the number of the shard. */
  readonly #queues: readonly JobQueue[]
  readonly #counters: JobCounters
  readonly #onEnded: ((end: JobEnd) => void) | undefined
  readonly #sweeping: NodeJS.Timeout | undefined

  constructor(options: JobsOptions) {
    const { redis, store, definitions, log = silentLog, onEvent, onEnded, ...rest } = options
    this.#options = checkOptions(optionsSchema, rest, 'createJobs')
    const { queue: name, sweepEvery } = this.#options
    this.#store = store
    this.#log = log
    this.#definitions = byName(definitions)
    this.#counters = new JobCounters(onEvent)
    this.#onEnded = onEnded
    const shared = { redis, store, definitions: this.#definitions, log, name }
    this.#queues = store.prefixes.map(prefix => new JobQueue({ ...shared, prefix }))
    if (sweepEvery > 0) {
      this.#sweeping = setInterval(() => {
        this.sweep().catch(err => log.warn({ err }, 'what is owed could not be looked after'))
      }, sweepEvery)
      this.#sweeping.unref()
    }
  }

  /** The definitions, by name. */
  get definitions(): ReadonlyMap<string, AnyJobDefinition> {
    return this.#definitions
  }

  /** What this process has counted so far. */
  get counts(): JobsCounts {
    return this.#counters.counts
  }

  /**
   * Enqueues a job for its owner.
   * @returns the job's id, which can't be guessed; where the definition says that another unfinished job does the same, its.
   * @throws TypeError for options out of range. InvalidInputError where the definition's schema refuses the input.
   * TooManyJobsError where the owner has as many as `maxPerOwner`. KeyReusedError where the key came with other input. What
   * Redis throws where it can't be reached, or an Error when the time is over: then it isn't known whether the job was taken,
   * and the same idempotency key can't start it twice.
   */
  async enqueue<Schema extends StandardSchemaV1, Result>(
    definition: JobDefinition<Schema, Result>,
    input: StandardSchemaV1.InferInput<Schema>,
    options: EnqueueOptions,
  ): Promise<{ id: string }> {
    const checked = checkOptions(enqueueSchema, options, 'enqueue')
    const read = await this.#check(definition, input)
    const { owner, idempotencyKey } = checked
    const id = idempotencyKey === undefined ? newId() : idOf([owner, definition.name, idempotencyKey])
    return { id: await this.#within(this.#add(definition, { owner, input }, read, { ...checked, id })) }
  }

  /**
   * Enqueues jobs whose owner is told of once, when all of them have ended: in the level of the worst.
   * @returns the batch's id and those of its jobs, in the order of the inputs.
   * @throws as {@link enqueue}; nothing is enqueued where one input is refused. Where it breaks off later, what was enqueued by
   * then is the batch.
   */
  async enqueueBatch<Schema extends StandardSchemaV1, Result>(
    definition: JobDefinition<Schema, Result>,
    inputs: readonly StandardSchemaV1.InferInput<Schema>[],
    options: BatchOptions,
  ): Promise<{ id: string; jobs: string[] }> {
    const { message, idempotencyKey, ...rest } = checkOptions(batchSchema, options, 'enqueueBatch')
    if (inputs.length === 0) throw new TypeError('enqueueBatch: expected at least one input, got none')
    const read = await Promise.all(inputs.map(input => this.#check(definition, input)))
    const { owner } = rest
    const batch =
      idempotencyKey === undefined ? newId() : idOf([owner, definition.name, 'batch', idempotencyKey])
    const batches = new Batches(this.#queueOf(owner))
    await this.#within(batches.open(batch, definition, owner, message))
    const jobs: string[] = []
    for (const [index, input] of inputs.entries()) {
      const id = idOf([owner, batch, index])
      jobs.push(
        await this.#within(
          this.#add(definition, { owner, input, batch }, read[index], { ...rest, id, isRepeatable: true }),
        ),
      )
    }
    await this.#within(batches.seal(batch))
    return { id: batch, jobs }
  }

  /**
   * Has a job run again and again. Each run is a job of its own, with an outcome of its own.
   * @throws TypeError for options out of range. InvalidInputError where the definition's schema refuses the input. An Error for a
   * pattern or a time zone that can't be read.
   */
  async schedule<Schema extends StandardSchemaV1, Result>(
    definition: JobDefinition<Schema, Result>,
    input: StandardSchemaV1.InferInput<Schema>,
    options: ScheduleOptions,
  ): Promise<void> {
    await this.#check(definition, input)
    await this.#within(this.#store.checkShards())
    await this.#within(this.#schedulesOf(options.owner).set(definition, input, options))
  }

  /** Ends a schedule. What runs goes on. @returns whether there was one. */
  async unschedule(
    definition: AnyJobDefinition,
    { owner, id }: { owner: string; id: string },
  ): Promise<boolean> {
    return this.#within(this.#schedulesOf(owner).remove(definition.name, owner, id))
  }

  /** The owner's schedules. */
  async schedules({ owner }: { owner: string }): Promise<Schedule[]> {
    return this.#within(this.#schedulesOf(owner).of(owner))
  }

  /** A job of this owner; `undefined` where there is none, or it is somebody else's. Without an owner, anybody's. */
  async find(id: string, { owner }: JobScope): Promise<JobView | undefined> {
    return (await this.#stored(id, owner))?.view
  }

  /** The owner's latest jobs, newest first; at most `limit` (default 50, up to 200). Runs of schedules are not among them. */
  async list({ owner, limit = 50 }: { owner: string; limit?: number }): Promise<JobView[]> {
    const { redis } = this.#queueOf(owner).options
    const last = Math.min(limit, MAX_LISTED) - 1
    const ids = await this.#within(redis.zrevrange(this.#ownedKey(owner), 0, last))
    const jobs = await Promise.all(ids.map(id => this.find(id, { owner })))
    return jobs.filter(job => job !== undefined)
  }

  /**
   * Cancels a job. One that waits ends at once, and its owner is told; one that runs is told to stop, and ends a second later at
   * most, if its worker lives.
   * @returns `'cancelled'`, `'cancelling'`, or why not: it has `'ended'`, it is the next run of a schedule (`'scheduled'`), or
   * it is `'unknown'`, to this owner at least.
   */
  async cancel(id: string, { owner }: JobScope): Promise<Cancellation> {
    const stored = await this.#stored(id, owner)
    if (!stored) return 'unknown'
    const done = await this.#within(stored.queue.cancel(id))
    if (done === 'cancelled') this.#counters.count('cancelled')
    return done
  }

  /**
   * Tries a failed job again. Its owner is told anew how it ended; what they were told before is replaced, if they haven't read it.
   * @returns whether it was one that failed.
   */
  async retry(id: string, { owner }: JobScope): Promise<boolean> {
    const stored = await this.#stored(id, owner)
    if (stored?.view.state !== 'failed') return false
    await this.#within(stored.queue.retry(stored.job))
    return true
  }

  /** How all jobs stand at this moment: for a dashboard, or an alarm on what is overdue or can't be delivered. */
  stats(): Promise<JobStats> {
    return this.#within(jobStats(this.#queues))
  }

  /**
   * Looks after what is owed, as every process does from time to time.
   * @returns what it found; `undefined` where another process is at it.
   */
  async sweep(): Promise<SweepReport | undefined> {
    const reports: SweepReport[] = []
    const faults: unknown[] = []
    for (const queue of this.#queues) {
      try {
        const report = await sweep(queue)
        if (report) reports.push(report)
      } catch (error) {
        faults.push(error) // the other shards are looked after all the same
      }
    }
    const report = reports.length === 0 ? undefined : summed(reports)
    this.#counters.count('told', report?.told ?? 0)
    this.#counters.count('reminded', report?.reminded ?? 0)
    this.#counters.count('delivered', report?.delivered ?? 0)
    if (faults.length > 0) throw faults[0]
    return report
  }

  /**
   * Starts to run jobs in this process.
   * @throws UnwrappableError where this BullMQ can't end a job and tell its owner in one step.
   */
  async work(options: WorkOptions = {}): Promise<JobWorker> {
    const checked = checkOptions(workSchema, options, 'work')
    await this.#store.checkShards()
    return JobWorker.start({
      queues: this.#queues,
      counters: this.#counters,
      onEnded: this.#onEnded,
      ...checked,
    })
  }

  /** Closes what this opened. Workers are closed by whoever started them. */
  async close(): Promise<void> {
    clearInterval(this.#sweeping)
    await Promise.all(this.#queues.map(queue => queue.close()))
  }

  #queueOf(owner: string): JobQueue {
    const queue = this.#queues[this.#store.shardOf(owner)]
    if (!queue) throw new Error(`The store has no shard for ${owner}`)
    return queue
  }

  #schedulesOf(owner: string): Schedules {
    return new Schedules(this.#queueOf(owner), KEPT)
  }

  #stored(id: string, owner: string | undefined): Promise<StoredJob | undefined> {
    return JOB_ID.test(id) ? this.#within(this.#findStored(id, owner)) : Promise.resolve(undefined)
  }

  async #findStored(id: string, owner: string | undefined): Promise<StoredJob | undefined> {
    for (const queue of owner === undefined ? this.#queues : [this.#queueOf(owner)]) {
      // In this order: a job that ends in between is shown as running with its result, never as ended without one.
      const state = await queue.queue.getJobState(id)
      const job = await queue.read(id)
      const view = job && jobView(job, state, owner, this.#definitions.get(job.name))
      if (view) return { queue, job, view }
    }
    return undefined
  }

  /** The input as the definition's schema gives it back. */
  async #check(definition: AnyJobDefinition, input: unknown): Promise<unknown> {
    if (this.#definitions.get(definition.name) !== definition) {
      throw new TypeError(`Job "${definition.name}" is not among the definitions that createJobs was given`)
    }
    return checkInput(definition, input)
  }

  async #add(
    definition: AnyJobDefinition,
    data: StoredData,
    read: unknown,
    { id, idempotencyKey, isRepeatable = idempotencyKey !== undefined, sameInput, ...when }: AddOptions,
  ): Promise<string> {
    const { owner, input } = data
    const { fair, maxPerOwner } = this.#options
    await this.#store.checkShards()
    const queue = this.#queueOf(owner)
    const { delay = definition.delay ?? 0, priority = definition.priority } = when
    if (fair && priority !== undefined)
      throw new TypeError('Owners take turns (fair: true): a job can have no priority')
    const unique = uniqueKey(definition, { input: read, owner })
    const facts = { jobId: id, name: definition.name, owner, input: read }
    const started = data.batch === undefined ? startedMessage(definition, facts, this.#log) : undefined
    const acceptance = {
      due: Date.now() + delay + (definition.pickUpWithin ?? PICK_UP_WITHIN),
      entry: queue.entry(id, definition.name, definition, { ...data, input: read }),
      owned: { key: this.#ownedKey(owner), keep: MAX_LISTED, age: KEPT.age },
      limit: maxPerOwner,
      fair,
      once: isRepeatable ? { digest: digestOf(sameInput ?? input), for: KEY_HOLDS } : undefined,
      to: queue.address(owner),
      started: encoding(started),
    }
    const stored = { ...data, ...(definition.version !== undefined && { version: definition.version }) }
    try {
      return await queue.add(definition, stored, acceptance, {
        jobId: id,
        attempts: definition.attempts,
        ...(definition.backoff && { backoff: backoffOptions(definition) }),
        ...(delay > 0 && { delay }),
        ...((fair || priority !== undefined) && { priority: priority ?? 1 }),
        ...(unique !== undefined && { deduplication: { id: idOf([owner, definition.name, unique]) } }),
        removeOnComplete: KEPT,
        removeOnFail: KEPT,
      })
    } catch (error) {
      const { code } = error as { code?: unknown }
      if (code === REFUSED.tooMany) throw new TooManyJobsError(maxPerOwner ?? 0)
      if (code === REFUSED.otherInput) throw new KeyReusedError()
      throw error
    }
  }

  #within<T>(answer: Promise<T>): Promise<T> {
    return withinTime(this.#options.timeout, answer)
  }

  #ownedKey(owner: string): string {
    return `${this.#store.prefixOf(owner)}:owned:${owner}`
  }
}

interface StoredJob {
  queue: JobQueue
  job: Job
  view: JobView
}

interface AddOptions {
  id: string
  idempotencyKey?: string | undefined
  isRepeatable?: boolean
  sameInput?: string | undefined
  delay?: number | undefined
  priority?: number | undefined
}

const optionsSchema = z.strictObject({
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

const workSchema = z.strictObject({
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
  maxJobs: z.int().min(1).optional(),
})

function summed(reports: readonly SweepReport[]): SweepReport {
  const sum = (of: (report: SweepReport) => number) => reports.reduce((all, report) => all + of(report), 0)
  return {
    owed: sum(({ owed }) => owed),
    overdue: Math.max(...reports.map(({ overdue }) => overdue)),
    lag: Math.max(...reports.map(({ lag }) => lag)),
    told: sum(({ told }) => told),
    reminded: sum(({ reminded }) => reminded),
    delivered: sum(({ delivered }) => delivered),
    undelivered: sum(({ undelivered }) => undelivered),
  }
}

function newId(): string {
  return randomBytes(16).toString('base64url')
}

function idOf(parts: readonly (string | number)[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, 22)
}

function digestOf(input: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(input) ?? '')
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
