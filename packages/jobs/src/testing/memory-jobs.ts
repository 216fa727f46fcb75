import { randomBytes } from 'node:crypto'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { MessageStore } from '@tidings/messages'
import { z } from 'zod'
import { checkNewInput } from '../check-input.ts'
import type { AnyJobDefinition, JobDefinition } from '../define-job.ts'
import { byName } from '../definitions.ts'
import {
  type BatchOptions,
  batchSchema,
  checkInputs,
  checkOptions,
  type EnqueueOptions,
  enqueueSchema,
} from '../enqueue-options.ts'
import { follow } from '../follow.ts'
import type { JobView } from '../job-view.ts'
import { type ListOptions, listSchema } from '../list-options.ts'
import { type Log, silentLog } from '../log.ts'
import { outcomeMessage, startedMessage } from '../outcome.ts'
import { uniqueKey } from '../unique-key.ts'
import { MemoryBatch } from './memory-batch.ts'
import { MemoryJob } from './memory-job.ts'
import { MemoryJobList } from './memory-job-list.ts'
import { MemoryKeys } from './memory-keys.ts'
import { MemoryWorker } from './memory-worker.ts'
import { runAttempts } from './run-attempts.ts'

const LOOK_EVERY = 20

/** Options of {@link createMemoryJobs}. */
export interface MemoryJobsOptions {
  definitions: readonly AnyJobDefinition[]
  /** Where owners are told, e.g. `new MemoryMessageStore()`. */
  store: Pick<MessageStore, 'post'>
  /** Default: says nothing. */
  log?: Log
}

/**
 * Jobs in this process, for tests of an application that enqueues them: the same calls, checks and messages as `createJobs`,
 * with no Redis. Nothing runs before {@link MemoryJobs.runAll} or {@link MemoryJobs.work}. It does not wait (neither for a
 * delay nor for a backoff), it has no schedules, no limit per owner and no fair order, it never forgets, and it can't be
 * killed: that an owner is told exactly once whatever dies is a promise of the real ones alone.
 * @throws TypeError for two definitions of one name.
 */
export function createMemoryJobs(options: MemoryJobsOptions): MemoryJobs {
  return new MemoryJobs(options)
}

/** Made by {@link createMemoryJobs}. */
export class MemoryJobs {
  readonly #definitions: ReadonlyMap<string, AnyJobDefinition>
  readonly #store: Pick<MessageStore, 'post'>
  readonly #log: Log
  readonly #jobs = new MemoryJobList()
  readonly #batches = new Map<string, MemoryBatch>()
  readonly #keys = new MemoryKeys()
  readonly #workers: MemoryWorker[] = []

  constructor({ definitions, store, log = silentLog }: MemoryJobsOptions) {
    this.#definitions = byName(definitions)
    this.#store = store
    this.#log = log
  }

  /** The definitions, by name. */
  get definitions(): ReadonlyMap<string, AnyJobDefinition> {
    return this.#definitions
  }

  /** As `Jobs.enqueue`. @throws InvalidInputError, KeyReusedError, TypeError as that does. */
  async enqueue<Schema extends StandardSchemaV1, Result>(
    definition: JobDefinition<Schema, Result>,
    input: StandardSchemaV1.InferInput<Schema>,
    options: EnqueueOptions,
  ): Promise<{ id: string }> {
    const { owner, idempotencyKey, sameInput, ...when } = checkOptions(enqueueSchema, options, 'enqueue')
    const checked = await this.#check(definition, input)
    const key = [owner, definition.name, idempotencyKey]
    const known = this.#keys.find(key, sameInput ?? input)
    if (known !== undefined) return { id: known }
    const id = newId()
    this.#keys.keep(key, sameInput ?? input, id)
    return { id: await this.#add(definition, { id, input, checked, owner, ...when }) }
  }

  /** As `Jobs.enqueueBatch`. */
  async enqueueBatch<Schema extends StandardSchemaV1, Result>(
    definition: JobDefinition<Schema, Result>,
    inputs: readonly StandardSchemaV1.InferInput<Schema>[],
    options: BatchOptions,
  ): Promise<{ id: string; jobs: string[] }> {
    const { owner, idempotencyKey, message, ...when } = checkOptions(batchSchema, options, 'enqueueBatch')
    checkInputs(inputs)
    const all = await Promise.all(
      inputs.map(async input => ({ input, checked: await this.#check(definition, input) })),
    )
    const key = [owner, definition.name, 'batch', idempotencyKey]
    const known = this.#keys.find(key, inputs)
    const before = known === undefined ? undefined : this.#batches.get(known)
    if (before) return { id: before.id, jobs: [...before.jobs] }
    const id = newId()
    this.#keys.keep(key, inputs, id)
    const jobs = all.map(() => newId())
    this.#batches.set(id, new MemoryBatch({ id, owner, jobs, title: definition.title, message }))
    for (const [index, facts] of all.entries())
      await this.#add(definition, { ...facts, id: jobs[index] ?? newId(), owner, batch: id, ...when })
    return { id, jobs }
  }

  /** A job of this owner; `undefined` where there is none, or it is somebody else's. Without an owner, anybody's. */
  async find(id: string, { owner }: { owner?: string } = {}): Promise<JobView | undefined> {
    return this.#jobs.find(id, owner)?.view()
  }

  /** As `Jobs.follow`. */
  follow(
    id: string,
    { owner, signal }: { owner?: string; signal?: AbortSignal } = {},
  ): AsyncGenerator<JobView, void, undefined> {
    return follow({
      find: () => this.find(id, owner === undefined ? {} : { owner }),
      watch: changed => {
        const looking = setInterval(changed, LOOK_EVERY)
        return () => clearInterval(looking)
      },
      signal,
    })
  }

  /** As `Jobs.list`, of all jobs that there ever were. */
  async list(options: ListOptions): Promise<JobView[]> {
    const { owner, offset, limit, name, state } = checkOptions(listSchema, options, 'list')
    return this.#jobs
      .of(owner)
      .map(job => job.view())
      .filter(view => (name ?? view.name) === view.name && (state ?? standing(view)) === standing(view))
      .slice(offset, offset + limit)
  }

  /** As `Jobs.cancel`: a job that waits ends at once, one that runs is told to stop. */
  async cancel(
    id: string,
    { owner, reason = 'It was cancelled.' }: { owner?: string; reason?: string } = {},
  ): Promise<'cancelled' | 'cancelling' | 'ended' | 'unknown'> {
    const job = this.#jobs.find(id, owner)
    if (!job) return 'unknown'
    if (job.isWaiting) {
      const error = new Error('cancelled while it waited')
      await this.#end(job, {
        kind: 'cancelled',
        input: job.options.checked,
        reason,
        error,
      })
      return 'cancelled'
    }
    if (!job.isRunning) return 'ended'
    job.stop()
    return 'cancelling'
  }

  /** As `Jobs.retry`: whether it was a job that failed; it waits again. */
  async retry(id: string, { owner }: { owner?: string } = {}): Promise<boolean> {
    const job = this.#jobs.find(id, owner)
    if (!job?.hasFailed) return false
    job.reset()
    this.#look()
    return true
  }

  /**
   * Runs every job that waits, also delayed ones and those that are enqueued meanwhile, one after the other in the order of
   * their priority, each until it has ended.
   */
  async runAll(): Promise<void> {
    for (let job = this.#jobs.next(); job; job = this.#jobs.next()) await this.#run(job)
  }

  /** Runs jobs as they come, side by side, until the worker is closed. */
  async work(options: { concurrency?: number } = {}): Promise<MemoryWorker> {
    const { concurrency } = checkOptions(workSchema, options, 'work')
    const worker = new MemoryWorker(concurrency, () => {
      const job = this.#jobs.next()
      return job && (() => this.#run(job))
    })
    this.#workers.push(worker)
    worker.look()
    return worker
  }

  #look(): void {
    for (const worker of this.#workers) worker.look()
  }

  async #check(definition: AnyJobDefinition, input: unknown): Promise<unknown> {
    if (this.#definitions.get(definition.name) !== definition)
      throw new TypeError(
        `Job "${definition.name}" is not among the definitions that createMemoryJobs was given`,
      )
    return checkNewInput(definition, input)
  }

  async #add(
    definition: AnyJobDefinition,
    {
      id,
      input,
      checked,
      owner,
      batch,
      delay = definition.delay ?? 0,
      priority = definition.priority ?? 0,
    }: Added,
  ): Promise<string> {
    const unique = uniqueKey(definition, { input: checked, owner })
    const twin = unique === undefined ? undefined : this.#jobs.twin(definition.name, owner, unique)
    if (twin) return twin.options.id
    const job = new MemoryJob({ id, definition, input, checked, owner, batch, priority, delay, unique })
    this.#jobs.add(job)
    const facts = { jobId: id, name: definition.name, owner, input: checked }
    const started = batch === undefined ? startedMessage(definition, facts, this.#log) : undefined
    if (started) await this.#store.post(owner, started)
    this.#look()
    return id
  }

  async #run(job: MemoryJob): Promise<void> {
    const { definition, owner, id: jobId } = job.options
    const { ending } = await runAttempts({
      definition,
      input: job.input,
      owner,
      jobId,
      attempt: 1,
      attempts: definition.attempts,
      again: true,
      signal: job.signal,
      log: this.#log,
      report: progress => job.report(progress),
      begin: attempt => job.begin(attempt),
    })
    await this.#end(job, ending)
  }

  async #end(job: MemoryJob, ending: NonNullable<MemoryJob['ending']>): Promise<void> {
    job.end(ending)
    const { definition, owner, id: jobId, batch } = job.options
    const ended = { jobId, name: definition.name, owner, input: ending.input }
    const own = outcomeMessage(definition, ended, ending, this.#log)
    const ofBatch = batch === undefined ? undefined : this.#batches.get(batch)?.end(jobId, ending.kind)
    const message = batch === undefined ? own : ofBatch
    if (message) await this.#store.post(owner, message)
  }
}

function standing({ state, outcome }: JobView): ListOptions['state'] {
  if (state !== 'completed' && state !== 'failed') return 'unfinished'
  return outcome === 'cancelled' ? 'cancelled' : state
}

interface Added {
  id: string
  input: unknown
  checked: unknown
  owner: string
  batch?: string | undefined
  delay?: number | undefined
  priority?: number | undefined
}

const workSchema = z.strictObject({ concurrency: z.int().min(1).max(1000).default(5) })

function newId(): string {
  return randomBytes(16).toString('base64url')
}
