import { EventEmitter, once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import type { RedisMessageStore } from '@tidings/messages'
import {
  type BackendFactory,
  DelayedError,
  type Job,
  type RedisQueueBackend,
  UnrecoverableError,
  WaitingError,
  Worker,
} from 'bullmq'
import type { Redis } from 'ioredis'
import { inputForWords } from './check-input.ts'
import type { AnyJobDefinition } from './define-job.ts'
import { decodeReason, encodeReason } from './failed-reason.ts'
import type { Log } from './log.ts'
import { outcomeMessage } from './outcome.ts'
import { throttledProgress } from './progress.ts'
import { Quarantine } from './quarantine.ts'
import { hideError, runJob } from './run-job.ts'
import { type Announcement, settlingBackend } from './settle.ts'
import { type StoredResult, storedDataSchema, storedResultSchema } from './stored-job.ts'

const SECOND = 1000

// A worker that is killed delays an outcome by 30 s at most: its lock ends within 10 s, and two checks follow within 10 more.
const LOCK = 10 * SECOND
const STALLED_CHECK = 5 * SECOND
// A job that only shared a worker with one that kills its worker must not be given up for it.
const MAX_STALLED = 3
// How long a job that was stalled waits to have its worker for itself, and when the others come back.
const PATIENCE = 5 * SECOND
const COME_BACK = SECOND
// How long a worker that leaves at once takes to hand back what it ran.
const HAND_BACK = SECOND

const LEFT = Symbol('left')

/** What a worker is given. */
export interface JobWorkerOptions {
  /** A connection of its own for commands that may wait; closed with the worker. */
  connection: Redis
  store: RedisMessageStore
  definitions: ReadonlyMap<string, AnyJobDefinition>
  log: Log
  prefix: string
  queue: string
  concurrency: number
}

/** Takes jobs and runs them. A job that it ends and the message to its owner are one step. */
export class JobWorker {
  readonly #options: JobWorkerOptions
  readonly #worker: Worker
  readonly #leaving = new AbortController()
  readonly #left = new Promise<typeof LEFT>(resolve => {
    this.#leaving.signal.addEventListener('abort', () => resolve(LEFT))
  })
  readonly #ends = new EventEmitter()
  readonly #quarantine = new Quarantine(PATIENCE)
  /** The inputs of jobs that ran here, as their schemas gave them back. */
  readonly #inputs: WeakMap<Job, unknown>
  #running = 0

  /**
   * Starts a worker.
   * @throws UnwrappableError where BullMQ's finish script can't be wrapped: no job is taken then.
   */
  static async start(options: JobWorkerOptions): Promise<JobWorker> {
    const inputs = new WeakMap<Job, unknown>()
    const backend = settlingBackend({
      store: options.store,
      announce: (job, target, value) => announcement(options, inputs, job, target, value),
      fault: (err, job) =>
        options.log.error({ err, ...facts(job) }, 'a job has ended and its owner could not be told'),
    })
    const worker = new JobWorker(options, inputs, backend.factory)
    try {
      await backend.ready()
      await worker.#worker.waitUntilReady()
    } catch (error) {
      await worker.close({ force: true })
      throw error
    }
    worker.#worker.run().catch(err => options.log.error({ err }, 'the worker stopped taking jobs'))
    return worker
  }

  private constructor(
    options: JobWorkerOptions,
    inputs: WeakMap<Job, unknown>,
    factory: BackendFactory<RedisQueueBackend>,
  ) {
    this.#options = options
    this.#inputs = inputs
    const { log, connection, prefix, concurrency } = options
    this.#worker = new Worker(
      options.queue,
      // BullMQ hands over its signal to processors that name three parameters.
      (job, token, signal) => this.#process(job, token, signal),
      {
        connection,
        prefix,
        concurrency,
        autorun: false,
        lockDuration: LOCK,
        stalledInterval: STALLED_CHECK,
        maxStalledCount: MAX_STALLED,
      },
      factory,
    )
    this.#worker.on('error', err => log.warn({ err }, 'trouble with the queue'))
    this.#worker.on('stalled', jobId => log.warn({ jobId }, 'job picked up again: its worker died or hung'))
    this.#worker.on('lockRenewalFailed', jobIds => {
      for (const jobId of jobIds) this.#worker.cancelJob(jobId, 'the lock is lost')
    })
    this.#worker.on('completed', job =>
      log.info({ ...facts(job), ms: took(job) }, `job ended: ${storedResult(job).kind}`),
    )
    this.#worker.on('failed', (job, err) => {
      if (!job) return log.error({ err }, 'a job that can not be read has failed')
      const reason = decodeReason(job.failedReason)
      if (job.finishedOn) log.warn({ ...facts(job), ms: took(job), reason }, 'job ended: failure')
      else
        log.warn(
          { ...facts(job), attempt: job.attemptsMade, reason },
          'attempt failed, the job will be tried again',
        )
    })
  }

  /** How many jobs run at this moment. */
  get running(): number {
    return this.#running
  }

  /**
   * Takes no more jobs, waits for those that run, and closes the worker's connections. With `force` it does not wait: what
   * ran goes back to the queue for another worker, and no attempt is counted for it.
   */
  async close({ force = false }: { force?: boolean } = {}): Promise<void> {
    if (force) {
      await this.#worker.pause(true) // or it would take again what it hands back
      this.#leaving.abort(new Error('the worker leaves'))
      await Promise.race([this.#idle(), pause(HAND_BACK, undefined, { ref: false })])
    }
    await this.#worker.close(force)
    this.#options.connection.disconnect()
  }

  async #idle(): Promise<void> {
    while (this.#running > 0) await once(this.#ends, 'end')
  }

  async #process(job: Job, token?: string, cancelled?: AbortSignal): Promise<StoredResult> {
    const suspicion = { isSuspect: job.stalledCounter > 0 }
    if (!(await this.#quarantine.enter(suspicion))) {
      await job.moveToDelayed(Date.now() + COME_BACK, token)
      throw new DelayedError()
    }
    this.#running++
    try {
      const result = await Promise.race([this.#run(job, cancelled), this.#left])
      if (result !== LEFT) return result
      await job.moveToWait(token)
      throw new WaitingError()
    } finally {
      this.#running--
      this.#quarantine.leave(suspicion)
      this.#ends.emit('end')
    }
  }

  async #run(job: Job, cancelled?: AbortSignal): Promise<StoredResult> {
    const attempt = job.attemptsMade + 1
    const log = this.#options.log.child(facts(job))
    log.info({ attempt }, 'job started')
    const data = storedDataSchema.safeParse(job.data)
    const definition = this.#options.definitions.get(job.name)
    if (!definition || !data.success || job.id === undefined) {
      throw giveUp(
        hideError(
          new Error(definition ? 'the data of the job has no owner' : 'no definition has this name'),
          log,
        ),
      )
    }
    const ending = await runJob(definition, data.data.input, {
      owner: data.data.owner,
      jobId: job.id,
      attempt,
      attempts: job.opts.attempts ?? 1,
      progress: throttledProgress(progress => job.updateProgress(progress)),
      signal: AbortSignal.any([this.#leaving.signal, ...(cancelled ? [cancelled] : [])]),
      log,
    })
    this.#inputs.set(job, ending.input)
    if (ending.kind === 'failure')
      throw ending.retry ? tryAgain(ending.reason, ending.error) : giveUp(ending.reason, ending.error)
    try {
      JSON.stringify(ending.result)
    } catch (error) {
      throw giveUp(hideError(error, log), error)
    }
    return { kind: ending.kind, result: ending.result }
  }
}

/** Who is told what, when a job ends. */
function announcement(
  { definitions, log }: JobWorkerOptions,
  inputs: WeakMap<Job, unknown>,
  job: Job,
  target: 'completed' | 'failed',
  value: unknown,
): Announcement | undefined {
  const data = storedDataSchema.safeParse(job.data)
  if (!data.success || job.id === undefined) {
    log.error({ job: job.name, jobId: job.id }, 'a job without an owner has ended: nobody is told')
    return undefined
  }
  const { owner } = data.data
  const definition = definitions.get(job.name)
  const input = inputs.has(job) ? inputs.get(job) : definition && inputForWords(definition, data.data.input)
  const outcome =
    target === 'completed'
      ? storedResult(job)
      : ({ kind: 'failure', reason: decodeReason(String(value)) } as const)
  const ended = { jobId: job.id, name: job.name, owner, input }
  return { owner, message: outcomeMessage(definition, ended, outcome, log) }
}

function storedResult(job: Job): StoredResult {
  return storedResultSchema.safeParse(job.returnvalue).data ?? { kind: 'success', result: undefined }
}

function facts(job: Job): { job: string; jobId: string | undefined; owner: unknown } {
  return { job: job.name, jobId: job.id, owner: storedDataSchema.safeParse(job.data).data?.owner }
}

function took(job: Job): number | undefined {
  return job.finishedOn && job.processedOn ? job.finishedOn - job.processedOn : undefined
}

/** BullMQ keeps message and stack: the message is what the owner is told, the stack that of the fault. */
function tryAgain(reason: string, cause: unknown): Error {
  return withStackOf(cause, new Error(encodeReason(reason)))
}

function giveUp(reason: string, cause?: unknown): UnrecoverableError {
  return withStackOf(cause, new UnrecoverableError(encodeReason(reason)))
}

const MAX_STACK = 4000

function withStackOf<E extends Error>(cause: unknown, error: E): E {
  if (cause instanceof Error) error.stack = String(cause.stack).slice(0, MAX_STACK)
  return error
}
