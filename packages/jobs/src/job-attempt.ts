import type { Job } from 'bullmq'
import type { Log } from './log.ts'
import { type ProgressSink, throttledProgress } from './progress.ts'
import type { Attempt } from './run-job.ts'
import type { SandboxPool } from './sandbox-pool.ts'
import type { Stop } from './stop.ts'

/** What a worker gives an attempt besides its job. */
export interface AttemptOptions {
  readonly owner: string
  readonly stop: Stop
  readonly log: Log
  readonly sandboxes: SandboxPool
}

/** One attempt of a job of BullMQ's. */
export class JobAttempt implements Attempt {
  readonly owner: string
  readonly jobId: string
  readonly attempt: number
  readonly attempts: number
  readonly signal: Stop
  readonly log: Log
  readonly sandboxes: SandboxPool
  readonly #job: Job
  #progress: ProgressSink | undefined

  constructor(job: Job, { owner, stop, log, sandboxes }: AttemptOptions) {
    this.owner = owner
    this.jobId = job.id ?? ''
    this.attempt = job.attemptsMade + 1
    this.attempts = job.opts.attempts ?? 1
    this.signal = stop
    this.log = log
    this.sandboxes = sandboxes
    this.#job = job
  }

  get progress(): ProgressSink {
    this.#progress ??= throttledProgress(how => this.#job.updateProgress({ ...how }), this.log)
    return this.#progress
  }
}
