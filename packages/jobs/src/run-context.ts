import type { JobContext, Steps } from './job-context.ts'
import { readProgress } from './progress.ts'
import type { Attempt } from './run-job.ts'
import type { Stop } from './stop.ts'

/** How far an attempt has come. */
export interface Run {
  /** As the schema gave it back, once that was asked. */
  input: unknown
  isOver: boolean
  hasProgress: boolean
}

/** What a definition's `run` is given. */
export class RunContext implements JobContext<unknown> {
  readonly input: unknown
  readonly owner: string
  readonly jobId: string
  readonly attempt: number
  readonly attempts: number
  readonly log: Attempt['log']
  readonly progress: JobContext<unknown>['progress']
  declare readonly signal: AbortSignal
  readonly #stop: Stop

  constructor(run: Run, stop: Stop, job: Attempt) {
    this.input = run.input
    this.owner = job.owner
    this.jobId = job.jobId
    this.attempt = job.attempt
    this.attempts = job.attempts
    this.log = job.log
    this.progress = (how, text) => passOn(run, job, how, text)
    this.#stop = stop
    Object.defineProperty(this, 'signal', RunContext.#SIGNAL)
  }

  // Its own, so that a copy has it, and made when it is asked for. One function for all of them: an object with a getter that
  // was made for it alone gets a shape of its own from V8, which keeps all that hangs on it until the next full collection.
  static readonly #SIGNAL: PropertyDescriptor & ThisType<RunContext> = {
    enumerable: true,
    get() {
      return this.#stop.signal
    },
  }
}

async function passOn(run: Run, job: Attempt, how: number | Steps, text: string | undefined): Promise<void> {
  const read = readProgress(how, text)
  if (!read) job.log.warn({ how: String(typeof how) }, 'progress was neither a number nor steps')
  else if (!run.isOver) {
    run.hasProgress = true
    await job.progress(read)
  }
}
