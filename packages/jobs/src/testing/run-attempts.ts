import { pauseAfter } from '../backoff.ts'
import type { AnyJobDefinition } from '../define-job.ts'
import type { Log } from '../log.ts'
import type { Progress } from '../progress.ts'
import { type Ending, runJob } from '../run-job.ts'
import { SandboxPool } from '../sandbox-pool.ts'

/** A job that is run without Redis. */
export interface LocalJob {
  readonly definition: AnyJobDefinition
  /** As it would be stored: not yet checked. */
  readonly input: unknown
  readonly owner: string
  readonly jobId: string
  /** The first attempt to be made. */
  readonly attempt: number
  /** How many attempts there are at most. */
  readonly attempts: number
  /** Whether further attempts are made, as far as there are. */
  readonly again: boolean
  readonly signal: AbortSignal
  readonly log: Log
  /** Told of each report of progress; none is left out. */
  report(progress: Progress): void
  /** Told of each attempt when it begins. */
  begin?(attempt: number): void
}

/** How the last attempt ended, which it was, and how long a worker would have waited after each that failed before, ms. */
export interface LocalEnding {
  readonly ending: Ending
  readonly attempt: number
  readonly waits: readonly number[]
}

/** Runs a job's attempts, one after the other without a pause, as a worker would until the job has ended. */
export async function runAttempts(job: LocalJob): Promise<LocalEnding> {
  const { definition, attempts, again, report, begin, ...rest } = job
  const log = rest.log.child({ job: definition.name, jobId: job.jobId, owner: job.owner })
  const sandboxes = new SandboxPool()
  const waits: number[] = []
  try {
    for (let attempt = job.attempt; ; attempt++) {
      begin?.(attempt)
      const ending = await runJob(definition, job.input, {
        ...rest,
        attempt,
        attempts,
        log,
        sandboxes,
        progress: async progress => report(progress),
      })
      const isOver = ending.kind !== 'failure' || !ending.retry || attempt >= attempts || !again
      const wait = isOver ? -1 : pauseAfter(definition, attempt, log)
      if (wait === -1) return { ending, attempt, waits }
      waits.push(wait)
    }
  } finally {
    await sandboxes.close()
  }
}
