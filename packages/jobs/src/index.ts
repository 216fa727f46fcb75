export type { Backoff, BackoffFunction } from './backoff.ts'
export {
  type AnyJobDefinition,
  defineJob,
  type JobContext,
  type JobDefinition,
  type JobMessages,
  type JobOptions,
  type OutcomeText,
  type Processor,
  type SandboxedJobOptions,
} from './define-job.ts'
export type { BatchOptions, EnqueueOptions, ScheduleOptions } from './enqueue-options.ts'
export { InvalidInputError } from './invalid-input-error.ts'
export type { Steps } from './job-context.ts'
export type { JobsCounts, JobsEvent } from './job-counters.ts'
export type { JobEnd } from './job-end.ts'
export { JobFailure } from './job-failure.ts'
export { JobLimit } from './job-limit.ts'
export type { JobFilter, JobPage } from './job-listing.ts'
export type { JobFacts } from './job-messages.ts'
export type { JobPlace } from './job-place.ts'
export type { Cancellation } from './job-queue.ts'
export type { JobStats } from './job-stats.ts'
export { JobStopped, type StopCode } from './job-stopped.ts'
export { JOB_STATES, type JobState, type JobView } from './job-view.ts'
export type { JobWorker } from './job-worker.ts'
export { createJobs, type JobScope, type Jobs } from './jobs.ts'
export type { JobsOptions, WorkOptions } from './jobs-options.ts'
export type { ListOptions } from './list-options.ts'
export type { Log } from './log.ts'
export type { NamedStats, OpenJobs } from './named-stats.ts'
export { PartialResult, partial } from './partial-result.ts'
export { KeyReusedError, TooManyJobsError } from './refused-error.ts'
export type { Schedule } from './schedules.ts'
export type { SweepReport } from './sweep-report.ts'
export type { JobTelemetry } from './telemetry.ts'
export type { LivingWorker } from './worker-register.ts'
export { UnwrappableError } from './wrapped-scripts.ts'
