import type { Job } from 'bullmq'
import type { AnyJobDefinition } from './define-job.ts'
import { jobOutcome } from './job-outcome.ts'
import type { JobPlace } from './job-place.ts'
import { storedDataSchema, storedProgressSchema } from './stored-job.ts'

/** Where a job can be, in BullMQ's words; in the order in which all jobs are listed. */
export const JOB_STATES = ['active', 'waiting', 'delayed', 'failed', 'completed'] as const

/** Where a job is, in BullMQ's words. */
export type JobState = (typeof JOB_STATES)[number]

/** A job as its owner may see it. */
export interface JobView {
  readonly id: string
  readonly name: string
  readonly owner: string
  /** In plain words; the name, where the definition isn't known here. */
  readonly title: string
  readonly state: JobState
  /** How it ended; `undefined` while it hasn't. */
  readonly outcome?: 'success' | 'partial' | 'failure' | 'cancelled'
  /** How far it is, 0 to 1; with the steps, where the job counts them. */
  readonly progress?: {
    readonly fraction: number
    readonly text?: string | undefined
    readonly step?: number | undefined
    readonly of?: number | undefined
  }
  /** Attempts that were begun. */
  readonly attempt: number
  readonly attempts: number
  readonly input: unknown
  readonly result?: unknown
  /** Why it failed, safe to show. */
  readonly reason?: string
  readonly createdAt: Date
  readonly startedAt?: Date
  readonly finishedAt?: Date
  /** When a delayed job is tried next. */
  readonly nextAttemptAt?: Date
  /** What its telemetry left with it, such as the trace to which it belongs (`{"traceparent":"00-…"}`); only where there is one. */
  readonly telemetry?: string
  /** Where a job that waits stands in its queue: known to `find` and `follow` alone. */
  readonly place?: JobPlace
}

const STATES: Readonly<Record<string, JobState>> = {
  waiting: 'waiting',
  prioritized: 'waiting',
  'waiting-children': 'waiting',
  delayed: 'delayed',
  active: 'active',
  completed: 'completed',
  failed: 'failed',
}

/** A stored job for its owner, or for staff without one; `undefined` for anybody else, and for a job that isn't in any state (it was just removed). */
export function jobView(
  job: Job,
  bullState: string,
  owner: string | undefined,
  definition: AnyJobDefinition | undefined,
): JobView | undefined {
  const data = storedDataSchema.safeParse(job.data)
  const state = STATES[bullState]
  if (!data.success || (owner !== undefined && data.data.owner !== owner) || !state || job.id === undefined)
    return undefined
  const telemetry: unknown = job.opts.telemetry?.metadata
  const progress = storedProgressSchema.safeParse(job.progress).data
  return {
    id: job.id,
    name: job.name,
    owner: data.data.owner,
    title: definition?.title ?? job.name,
    state,
    ...ending(job, state),
    ...(progress && { progress }),
    attempt: state === 'active' ? job.attemptsMade + 1 : job.attemptsMade,
    attempts: job.opts.attempts ?? 1,
    input: data.data.input,
    createdAt: new Date(job.timestamp),
    ...(job.processedOn && { startedAt: new Date(job.processedOn) }),
    ...(job.finishedOn && { finishedAt: new Date(job.finishedOn) }),
    ...(typeof telemetry === 'string' && { telemetry }),
    ...(state === 'delayed' && { nextAttemptAt: new Date((job.processedOn ?? job.timestamp) + job.delay) }),
  }
}

function ending(job: Job, state: JobState): Pick<JobView, 'outcome' | 'result' | 'reason'> {
  if (state !== 'failed' && state !== 'completed') return {}
  const outcome = jobOutcome(job)
  return 'result' in outcome
    ? { outcome: outcome.kind, result: outcome.result }
    : { outcome: outcome.kind, ...(outcome.reason !== undefined && { reason: outcome.reason }) }
}
