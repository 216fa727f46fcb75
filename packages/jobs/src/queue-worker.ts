import { EventEmitter, once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { type BackendFactory, DelayedError, type Job, type RedisQueueBackend, WaitingError } from 'bullmq'
import type { Cluster, Redis } from 'ioredis'
import { announcement, EndedHere, keepInput, storedResult } from './announcement.ts'
import { cancelled, giveUp, tryAgain } from './attempt-error.ts'
import { backoffStrategy } from './backoff.ts'
import { Cancellations } from './cancellations.ts'
import type { AnyJobDefinition } from './define-job.ts'
import { decodeFailure } from './failed-reason.ts'
import { hideError } from './hidden-error.ts'
import { JobAttempt } from './job-attempt.ts'
import type { JobCounters } from './job-counters.ts'
import type { JobEnd } from './job-end.ts'
import type { JobLimit } from './job-limit.ts'
import type { JobQueue } from './job-queue.ts'
import { JobStopped } from './job-stopped.ts'
import { Quarantine } from './quarantine.ts'
import { runJob } from './run-job.ts'
import { SandboxPool } from './sandbox-pool.ts'
import { settlingBackend } from './settle.ts'
import { Slots } from './slots.ts'
import type { Stop } from './stop.ts'
import { type StoredResult, storedDataOf } from './stored-job.ts'
import { TolerantWorker } from './tolerant-worker.ts'

const SECOND = 1000

// A job that only shared a worker with one that kills its worker must not be given up for it.
const MAX_STALLED = 3
// How long a job that was stalled waits to have its worker for itself, and when the others come back.
const PATIENCE = 5 * SECOND
const COME_BACK = SECOND
// A job that this worker doesn't know may be for a newer one: how often it is put back, and for how long each time.
const PUT_BACKS = 24
const PUT_BACK_FOR = 5 * SECOND
// How long a worker that leaves at once takes to hand back what it ran.
const HAND_BACK = SECOND
// How long BullMQ may take to close when nothing is left to be finished: where Redis is away, it waits for it for ever.
const NOTHING_LEFT = 3 * SECOND
const LOOK = 50

const LEFT: unique symbol = Symbol('left')

/** What the worker of one queue is given. */
export interface QueueWorkerOptions {
  jobs: JobQueue
  counters: JobCounters
  concurrency: number
  /** ms */
  lockDuration: number
  /** ms */
  stalledInterval: number
  limit: JobLimit
  onEnded?: ((end: JobEnd) => void) | undefined
}

/** A job that runs here, and how to leave it. */
interface Run {
  leave?: (() => void) | undefined
}

/** Takes the jobs of one queue and runs them. A job that it ends and the message to its owner are one step. */
export class QueueWorker {
  readonly #options: QueueWorkerOptions
  readonly #connection: Redis | Cluster
  readonly #worker: TolerantWorker
  readonly #cancellations: Cancellations
  readonly #runs = new Slots<Run>()
  #isLeaving = false
  #isClosed = false
  readonly #ends = new EventEmitter()
  // The suspect that asks is one of those that are under way.
  readonly #quarantine = new Quarantine(PATIENCE, () => this.#worker.underWay - 1)
  readonly #sandboxes = new SandboxPool()

  /**
   * Starts a worker.
   * @throws UnwrappableError where BullMQ's finish script can't be wrapped: no job is taken then.
   */
  static async start(options: QueueWorkerOptions): Promise<QueueWorker> {
    const worker = await QueueWorker.#open(options)
    const { log } = options.jobs.options
    worker.#worker.run().catch(err => log.error({ err }, 'the worker stopped taking jobs'))
    return worker
  }

  /**
   * Makes sure that a worker could be started here, and takes no job.
   * @throws UnwrappableError as {@link start} does.
   */
  static async check(options: QueueWorkerOptions): Promise<void> {
    const worker = await QueueWorker.#open(options)
    await worker.close({ force: true })
  }

  static async #open(options: QueueWorkerOptions): Promise<QueueWorker> {
    const { jobs } = options
    const { log } = jobs.options
    const backend = settlingBackend({
      constants: jobs.constants,
      announce: (job, target, value) => announcement(jobs.options, job, target, value),
      fault: (err, job) =>
        log.error({ err, ...facts(job) }, 'a job has ended and its owner could not be told'),
      owing: data => jobs.owed(data),
    })
    const worker = new QueueWorker(options, backend.factory)
    try {
      await backend.ready()
      await worker.#worker.waitUntilReady()
    } catch (error) {
      await worker.close({ force: true })
      throw error
    }
    return worker
  }

  private constructor(options: QueueWorkerOptions, factory: BackendFactory<RedisQueueBackend>) {
    this.#options = options
    const { jobs, concurrency, lockDuration, stalledInterval } = options
    const { prefix, name, log, definitions, telemetry } = jobs.options
    this.#connection = jobs.connection()
    this.#worker = new TolerantWorker(
      name,
      (job, token) => this.#process(job, token),
      {
        connection: this.#connection,
        prefix,
        concurrency,
        autorun: false,
        lockDuration,
        stalledInterval,
        maxStalledCount: MAX_STALLED,
        settings: { backoffStrategy: backoffStrategy(definitions, log) },
        ...(telemetry && { telemetry }),
      },
      factory,
    )
    this.#worker.isHeld = () => this.#quarantine.isClosed
    this.#worker.fetched = job => {
      if (isSuspect(job)) this.#quarantine.expect()
    }
    this.#cancellations = new Cancellations(jobs, jobs.connection())
    this.#listen()
    options.limit.spent.then(() => this.#worker.pause(true))
  }

  /** How many jobs run at this moment. */
  get running(): number {
    return this.#runs.size
  }

  /** When Redis last answered this worker, as `Date.now()` tells it: it asked for a job, ended one, or renewed a lock. */
  get lastContact(): number {
    return this.#worker.lastContact
  }

  /**
   * Takes no more jobs, waits for those that run, and closes the worker's connections. With `force` it does not wait: what
   * ran goes back to the queue for another worker, and no attempt is counted for it.
   */
  async close({ force = false }: { force?: boolean } = {}): Promise<void> {
    if (this.#isClosed) return
    if (force) {
      await this.#worker.pause(true) // or it would take again what it hands back
      this.#isLeaving = true
      for (const run of this.#runs) run.leave?.()
      await Promise.race([this.#idle(), pause(HAND_BACK, undefined, { ref: false })])
    }
    await this.#closeInTime(force)
    this.#isClosed = true
    await this.#sandboxes.close()
    this.#cancellations.close()
    this.#connection.disconnect()
  }

  async #closeInTime(force: boolean): Promise<void> {
    let isOver = false
    const closed = this.#worker.close(force).finally(() => {
      isOver = true
    })
    const inVain = async () => {
      const limit = force ? HAND_BACK : NOTHING_LEFT
      for (let since = Date.now(); Date.now() - since < limit; await pause(LOOK, undefined, { ref: false })) {
        if (isOver) return
        if (!force && this.#worker.unended > 0) since = Date.now()
      }
      this.#options.jobs.options.log.warn({}, 'Redis does not answer: the worker leaves without it')
    }
    await Promise.race([closed, inVain()])
  }

  #listen(): void {
    const { jobs, counters, onEnded } = this.#options
    const { log } = jobs.options
    const ended = (job: Job, outcome: JobEnd['outcome']) => {
      counters.count(outcome)
      onEnded?.({ job: job.name, jobId: job.id ?? '', outcome, ms: took(job) })
    }
    this.#worker.on('error', err => log.warn({ err }, 'trouble with the queue'))
    for (const answered of ['completed', 'failed', 'locksRenewed'] as const)
      this.#worker.on(answered, () => this.#worker.contacted())
    this.#worker.on('stalled', jobId => {
      counters.count('stalled')
      log.warn({ jobId }, 'job picked up again: its worker died or hung')
    })
    this.#worker.on('lockRenewalFailed', jobIds => {
      for (const jobId of jobIds) this.#cancellations.stop(jobId, 'lost-lock') // another worker may have the job
    })
    this.#worker.on('completed', job => {
      const { kind } = storedResult(job)
      ended(job, kind)
      log.info({ ms: took(job), ...facts(job) }, `job ended: ${kind}`)
    })
    this.#worker.on('failed', (job, err) => {
      if (!job) return log.error({ err }, 'a job that can not be read has failed')
      const { kind, reason } = decodeFailure(job.failedReason)
      if (job.finishedOn) ended(job, kind)
      else counters.count('retried')
      if (job.finishedOn) log.warn({ ...facts(job), ms: took(job), reason }, `job ended: ${kind}`)
      else
        log.warn(
          { ...facts(job), attempt: job.attemptsMade, reason },
          'attempt failed, the job will be tried again',
        )
    })
  }

  async #idle(): Promise<void> {
    while (this.running > 0) await once(this.#ends, 'end')
  }

  async #process(job: Job, token?: string): Promise<StoredResult> {
    const suspicion = { isSuspect: isSuspect(job) }
    const entered = this.#quarantine.enter(suspicion)
    if (entered !== true && !(await entered)) return this.#putBack(job, token, COME_BACK)
    const { id = '' } = job
    if (this.#isForOthers(job)) {
      this.#quarantine.leave(suspicion)
      return this.#putBack(job, token, PUT_BACK_FOR)
    }
    if (!this.#options.limit.take()) {
      this.#quarantine.leave(suspicion)
      await job.moveToWait(token)
      throw new WaitingError()
    }
    const stop = this.#cancellations.begin(id)
    const run: Run = {}
    this.#runs.add(run)
    try {
      const result = await new Promise<StoredResult | typeof LEFT>((resolve, reject) => {
        run.leave = () => {
          stop.stop(new JobStopped('shutdown'))
          resolve(LEFT)
        }
        if (this.#isLeaving) run.leave()
        else this.#run(job, stop).then(resolve, reject)
      })
      if (result !== LEFT) return result
      await job.moveToWait(token)
      throw new WaitingError()
    } finally {
      this.#runs.delete(run)
      this.#quarantine.leave(suspicion)
      this.#cancellations.end(stop)
      this.#ends.emit('end')
    }
  }

  async #putBack(job: Job, token: string | undefined, ms: number): Promise<never> {
    await job.moveToDelayed(Date.now() + ms, token)
    throw new DelayedError()
  }

  /** While a deploy rolls, a worker may be older than the job: a newer one takes it. Not for ever: its owner is owed an answer. */
  #isForOthers(job: Job): boolean {
    const data = storedDataOf(job)
    if (!data) return false
    const isKnown = (this.#definition(job)?.version ?? 1) >= (data.version ?? 1)
    if (this.#definition(job) && isKnown) return false
    return job.attemptsStarted - job.attemptsMade - job.stalledCounter <= PUT_BACKS
  }

  #definition(job: Job): AnyJobDefinition | undefined {
    return this.#options.jobs.options.definitions.get(job.name)
  }

  async #run(job: Job, stop: Stop): Promise<StoredResult> {
    const attempt = job.attemptsMade + 1
    const log = this.#options.jobs.options.log.child(facts(job))
    log.info({ attempt }, 'job started')
    const data = storedDataOf(job)
    const definition = this.#definition(job)
    const fault = this.#unfit(definition, data?.version, data === undefined || job.id === undefined)
    if (fault || !definition || !data || job.id === undefined) throw giveUp(hideError(new Error(fault), log))

    const given = { owner: data.owner, stop, log, sandboxes: this.#sandboxes }
    const ending = await runJob(definition, data.input, new JobAttempt(job, given))
    if (ending.kind === 'success' || ending.kind === 'partial') return new EndedHere(ending)
    keepInput(job, ending.input)
    if (ending.kind === 'cancelled') throw cancelled(ending.reason)
    throw ending.retry ? tryAgain(ending.reason, ending.error) : giveUp(ending.reason, ending.error)
  }

  #unfit(definition: AnyJobDefinition | undefined, version = 1, isBroken: boolean): string | undefined {
    if (isBroken) return 'the stored data of the job has no owner, or can not be read'
    if (!definition) return 'no definition has this name'
    const known = definition.version ?? 1
    return version > known ? `the input has version ${version}, and this worker knows ${known}` : undefined
  }
}

function facts(job: Job): { job: string; jobId: string | undefined; owner: unknown } {
  return { job: job.name, jobId: job.id, owner: storedDataOf(job)?.owner }
}

/** It was running in a worker that died. */
function isSuspect(job: Job): boolean {
  return job.stalledCounter > 0
}

function took(job: Job): number | undefined {
  return job.finishedOn && job.processedOn ? job.finishedOn - job.processedOn : undefined
}
