import type { Log } from './log.ts'

/** How far a job is, counted in steps. */
export interface Steps {
  /** How many are done. */
  readonly step: number
  /** How many there are. */
  readonly of: number
  /** What the job is doing, for its owner. */
  readonly text?: string
}

/** What `run` is given. */
export interface JobContext<Input> {
  readonly input: Input
  /** Whom the job belongs to. */
  readonly owner: string
  readonly jobId: string
  /** 1 at the first attempt. */
  readonly attempt: number
  /** How many attempts there are at most. */
  readonly attempts: number
  /**
   * Says how far the job is: a number from 0 to 100, or steps that are done of all, and what it is doing. At most five times a
   * second reaches Redis, and the last always. It never throws: a job doesn't fail for want of a progress bar.
   */
  progress(how: number | Steps, text?: string): Promise<void>
  /**
   * Fires when the job should stop; its `reason` is a `JobStopped` that says why: cancelled, time limit, lost lock or shutdown.
   * A second later the attempt is over, whatever `run` does.
   */
  readonly signal: AbortSignal
  /** Carries the job's name, its id and its owner. */
  readonly log: Log
}
