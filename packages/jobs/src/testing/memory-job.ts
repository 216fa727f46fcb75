import type { AnyJobDefinition } from '../define-job.ts'
import { JobStopped } from '../job-stopped.ts'
import type { JobView } from '../job-view.ts'
import type { Progress } from '../progress.ts'
import type { Ending } from '../run-job.ts'

/** What a job in memory is made of. */
export interface MemoryJobOptions {
  readonly id: string
  readonly definition: AnyJobDefinition
  /** As it came; it is stored as JSON. */
  readonly input: unknown
  /** As the schema gave it back. */
  readonly checked: unknown
  readonly owner: string
  readonly batch?: string | undefined
  readonly priority: number
  readonly delay: number
  readonly unique?: string | undefined
}

/** A job in this process. */
export class MemoryJob {
  readonly options: MemoryJobOptions
  /** The input as Redis would give it back. */
  readonly input: unknown
  readonly #createdAt = new Date()
  #state: JobView['state']
  #stop = new AbortController()
  #startedAt: Date | undefined
  #finishedAt: Date | undefined
  #attempt = 0
  #progress: Progress | undefined
  #ending: Ending | undefined

  constructor(options: MemoryJobOptions) {
    this.options = options
    this.input = options.input === undefined ? undefined : JSON.parse(JSON.stringify(options.input))
    this.#state = options.delay > 0 ? 'delayed' : 'waiting'
  }

  get ending(): Ending | undefined {
    return this.#ending
  }

  get isWaiting(): boolean {
    return this.#state === 'waiting' || this.#state === 'delayed'
  }

  get isRunning(): boolean {
    return this.#state === 'active'
  }

  get hasFailed(): boolean {
    return this.#state === 'failed'
  }

  get signal(): AbortSignal {
    return this.#stop.signal
  }

  begin(attempt: number): void {
    this.#state = 'active'
    this.#attempt = attempt
    this.#startedAt = new Date()
  }

  report(progress: Progress): void {
    this.#progress = progress
  }

  end(ending: Ending): void {
    this.#ending = ending
    this.#finishedAt = new Date()
    this.#state = ending.kind === 'success' || ending.kind === 'partial' ? 'completed' : 'failed'
  }

  /** Tells the job to stop. */
  stop(): void {
    this.#stop.abort(new JobStopped('cancelled'))
  }

  /** Makes it wait again, as if it had never run. */
  reset(): void {
    this.#state = 'waiting'
    this.#stop = new AbortController()
    this.#ending = undefined
    this.#finishedAt = undefined
    this.#attempt = 0
  }

  view(): JobView {
    const { id, definition, owner } = this.options
    const { name, title, attempts } = definition
    const progress = this.#progress && { fraction: this.#progress.fraction, text: this.#progress.text }
    return {
      id,
      name,
      owner,
      title,
      state: this.#state,
      ...endingOf(this.#ending),
      ...(progress && { progress }),
      attempt: this.#attempt,
      attempts,
      input: this.input,
      createdAt: this.#createdAt,
      ...(this.#startedAt && { startedAt: this.#startedAt }),
      ...(this.#finishedAt && { finishedAt: this.#finishedAt }),
      ...(this.#state === 'delayed' && {
        nextAttemptAt: new Date(this.#createdAt.getTime() + this.options.delay),
      }),
    }
  }
}

function endingOf(ending: Ending | undefined): Pick<JobView, 'outcome' | 'result' | 'reason'> {
  if (!ending) return {}
  if (ending.kind === 'success' || ending.kind === 'partial')
    return { outcome: ending.kind, result: ending.result }
  return { outcome: ending.kind, reason: ending.reason }
}
