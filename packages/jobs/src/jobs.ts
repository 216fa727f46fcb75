import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { Queue } from 'bullmq'
import { Batches } from './batches.ts'
import type { AnyJobDefinition, JobDefinition } from './define-job.ts'
import { byName, type Definitions } from './definitions.ts'
import {
  type BatchOptions,
  batchSchema,
  checkInputs,
  checkOptions,
  type EnqueueOptions,
  enqueueSchema,
  type ScheduleOptions,
} from './enqueue-options.ts'
import { follow } from './follow.ts'
import { forgetOwner } from './forget-owner.ts'
import { FoundJobs } from './found-jobs.ts'
import { JobCounters, type JobsCounts } from './job-counters.ts'
import type { JobEnd } from './job-end.ts'
import { idOf, newId } from './job-id.ts'
import { filterSchema, type JobFilter, JobListing, type JobPage } from './job-listing.ts'
import type { Cancellation } from './job-queue.ts'
import { JobQueues } from './job-queues.ts'
import { type JobStats, jobStats } from './job-stats.ts'
import type { JobView } from './job-view.ts'
import { JobWatch } from './job-watch.ts'
import { JobWorker } from './job-worker.ts'
import { type JobsOptions, optionsSchema, partsSchema, type WorkOptions, workSchema } from './jobs-options.ts'
import { type ListOptions, listSchema } from './list-options.ts'
import { silentLog } from './log.ts'
import { type NamedStats, namedStats, namedStatsSchema } from './named-stats.ts'
import { NewJobs } from './new-jobs.ts'
import { KEPT } from './retention.ts'
import { type Schedule, Schedules } from './schedules.ts'
import type { SweepReport } from './sweep-report.ts'
import { Sweeping } from './sweeping.ts'
import { checkTelemetry } from './telemetry.ts'
import { withinTime } from './within-time.ts'
import { type LivingWorker, livingWorkers } from './worker-register.ts'

/** Whose job is meant. Without an owner, anybody's: for staff. */
export interface JobScope {
  owner?: string
}

/**
 * Jobs over BullMQ whose owners are told how they ended.
 * @throws TypeError for two definitions of one name, what `defineJob` didn't make, or options out of range.
 */
export function createJobs(options: JobsOptions): Jobs {
  return new Jobs(options)
}

/** Made by {@link createJobs}. */
export class Jobs {
  /** The definitions, by name. */
  readonly definitions: Definitions
  readonly #timeout: number
  readonly #queues: JobQueues
  readonly #new: NewJobs
  readonly #found: FoundJobs
  readonly #listing: JobListing
  readonly #watch: JobWatch
  readonly #counters: JobCounters
  readonly #onEnded: ((end: JobEnd) => void) | undefined
  readonly #sweeping: Sweeping

  constructor(options: JobsOptions) {
    checkOptions(partsSchema, options, 'createJobs')
    const { redis, store, definitions, log = silentLog, telemetry, onEvent, onEnded, ...rest } = options
    const checked = checkOptions(optionsSchema, rest, 'createJobs')
    const { queue: name, fair, maxPerOwner, timeout, sweepEvery } = checked
    checkTelemetry(telemetry)
    this.definitions = byName(definitions)
    this.#timeout = timeout
    const shared = { definitions: this.definitions, log }
    this.#queues = new JobQueues({ ...shared, redis, store, name, telemetry })
    this.#new = new NewJobs({ ...shared, queues: this.#queues, fair, maxPerOwner })
    this.#found = new FoundJobs(this.#queues, this.definitions)
    this.#listing = new JobListing(this.#queues, this.definitions, this.#found)
    this.#watch = new JobWatch(log)
    this.#counters = new JobCounters(onEvent)
    this.#onEnded = onEnded
    this.#sweeping = new Sweeping(this.#queues, this.#counters, sweepEvery, log)
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
    const read = await this.#new.check(definition, input)
    const { owner, idempotencyKey } = checked
    const id = idempotencyKey === undefined ? newId() : idOf([owner, definition.name, idempotencyKey])
    return { id: await this.#within(this.#new.add(definition, { owner, input }, read, { ...checked, id })) }
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
    checkInputs(inputs)
    const read = await Promise.all(inputs.map(input => this.#new.check(definition, input)))
    const { owner } = rest
    const batch =
      idempotencyKey === undefined ? newId() : idOf([owner, definition.name, 'batch', idempotencyKey])
    const batches = new Batches(this.#queues.of(owner))
    await this.#within(batches.open(batch, definition, owner, message))
    const jobs: string[] = []
    for (const [index, input] of inputs.entries()) {
      const id = idOf([owner, batch, index])
      jobs.push(
        await this.#within(
          this.#new.add(definition, { owner, input, batch }, read[index], {
            ...rest,
            id,
            isRepeatable: true,
          }),
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
    await this.#new.check(definition, input)
    await this.#within(this.#queues.store.checkShards())
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
    return this.#within(this.#found.findInPlace(id, owner))
  }

  /**
   * Follows a job: as it is now, and again each time it has changed, until it has ended or is gone. Those that are followed in
   * this process are looked at together, twice a second.
   * @throws what {@link find} throws, where the job can't be had at first; later, it waits until Redis answers again.
   */
  follow(
    id: string,
    { owner, signal }: JobScope & { signal?: AbortSignal },
  ): AsyncGenerator<JobView, void, undefined> {
    const queues = owner === undefined ? this.#queues.all : [this.#queues.of(owner)]
    return follow({
      find: () => this.find(id, owner === undefined ? {} : { owner }),
      watch: changed => {
        const leave = queues.map(queue => this.#watch.follow(queue, id, changed))
        return () => {
          for (const end of leave) end()
        }
      },
      signal,
    })
  }

  /** The owner's latest jobs, newest first, of up to 1,000. Runs of schedules are not among them. */
  async list(options: ListOptions): Promise<JobView[]> {
    return this.#within(this.#found.list(checkOptions(listSchema, options, 'list')))
  }

  /**
   * The jobs of all owners, for staff, a page at a time: those that run, that wait, that wait for their time, that failed, and
   * that are completed; in each of these newest first. With an owner, that owner's latest, as {@link list}.
   * @throws TypeError for a filter out of range, or a cursor that isn't one of the same filter's.
   */
  async listAll(filter: JobFilter = {}): Promise<JobPage> {
    return this.#within(this.#listing.page(checkOptions(filterSchema, filter, 'listAll')))
  }

  /**
   * Cancels a job. One that waits ends at once, and its owner is told; one that runs is told to stop, and ends a second later at
   * most, if its worker lives.
   * @param options.reason a sentence that stands for “It was cancelled.” where the job waits: the definition's words are asked anew
   * @returns `'cancelled'`, `'cancelling'`, or why not: it has `'ended'`, it is the next run of a schedule (`'scheduled'`), or
   * it is `'unknown'`, to this owner at least.
   */
  async cancel(id: string, { owner, reason }: JobScope & { reason?: string }): Promise<Cancellation> {
    const found = await this.#find(id, owner)
    if (!found) return 'unknown'
    const done = await this.#within(
      found.queue.cancel(id, reason === undefined ? undefined : { reason, job: found.job }),
    )
    if (done === 'cancelled') this.#counters.count('cancelled')
    return done
  }

  /**
   * Tries a failed job again. Its owner is told anew how it ended; what they were told before is replaced, if they haven't read it.
   * @returns whether it was one that failed.
   */
  async retry(id: string, { owner }: JobScope): Promise<boolean> {
    const found = await this.#find(id, owner)
    if (found?.view.state !== 'failed') return false
    try {
      await this.#within(found.queue.retry(found.job))
    } catch (error) {
      // A connection that was cut sends it again, and somebody else may ask for the same: then it has been done.
      const now = await this.#find(id, owner)
      if (!now || now.view.state === 'failed') throw error
    }
    return true
  }

  /**
   * Removes all that is stored of an owner's jobs, for one who is no more: their schedules end, jobs that haven't ended are
   * cancelled, and those that have are removed. It reads all ended jobs of the owner's shard, so it takes its time.
   * @param options.within how long running jobs may take to stop, ms; default 10 s
   * @returns how many were still running then: these stay until they end
   */
  forget(owner: string, { within = 10_000 }: { within?: number } = {}): Promise<number> {
    return forgetOwner(this.#queues, this.#schedulesOf(owner), owner, { within })
  }

  /** The workers that live, of all processes: each says every 5 s that it is there, and is taken for dead after 15. */
  async workers(): Promise<LivingWorker[]> {
    const [first] = this.#queues.all
    return first ? this.#within(livingWorkers(first)) : []
  }

  /**
   * BullMQ's queues, one for each shard, for a dashboard that looks at them. What it removes is told as cancelled; it can't add
   * jobs, and what it tries again by itself is owed to nobody: leave that to {@link retry}.
   */
  get queues(): readonly Queue[] {
    return this.#queues.all.map(({ queue }) => queue)
  }

  /** How all jobs stand at this moment: for a dashboard, or an alarm on what is overdue or can't be delivered. */
  stats(): Promise<JobStats> {
    return this.#within(jobStats(this.#queues.all))
  }

  /**
   * The jobs that haven't ended, by name. It looks at `limit` (1,000) jobs of each state at most, those that come first, and says how many
   * it has left out: so it takes a few ms, whatever waits.
   */
  statsByName(options: { limit?: number } = {}): Promise<NamedStats> {
    const checked = checkOptions(namedStatsSchema, options, 'statsByName')
    return this.#within(namedStats(this.#queues.all, this.definitions, checked))
  }

  /**
   * Looks after what is owed, as every process does from time to time.
   * @returns what it found; `undefined` where another process is at it.
   */
  async sweep(): Promise<SweepReport | undefined> {
    return this.#sweeping.once()
  }

  /**
   * Starts to run jobs in this process.
   * @throws UnwrappableError where this BullMQ can't end a job and tell its owner in one step.
   */
  async work(options: WorkOptions = {}): Promise<JobWorker> {
    const checked = checkOptions(workSchema, options, 'work')
    await this.#queues.store.checkShards()
    return JobWorker.start({
      queues: this.#queues.all,
      counters: this.#counters,
      onEnded: this.#onEnded,
      ...checked,
    })
  }

  /**
   * Makes sure that jobs could be run in this process, and takes none.
   * @throws as {@link work} does; what Redis throws where it can't be reached, or an Error when the time is over.
   */
  async check(): Promise<void> {
    const options = workSchema.parse({})
    await this.#within(this.#queues.store.checkShards())
    await this.#within(JobWorker.check({ queues: this.#queues.all, counters: this.#counters, ...options }))
  }

  /** Closes what this opened. Workers are closed by whoever started them. */
  async close(): Promise<void> {
    this.#sweeping.end()
    this.#watch.close()
    await this.#queues.close()
  }

  #schedulesOf(owner: string): Schedules {
    return new Schedules(this.#queues.of(owner), KEPT)
  }

  #find(id: string, owner: string | undefined): ReturnType<FoundJobs['find']> {
    return this.#within(this.#found.find(id, owner))
  }

  #within<T>(answer: Promise<T>): Promise<T> {
    return withinTime(this.#timeout, answer)
  }
}
