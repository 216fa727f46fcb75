export {
  type AnyJobDefinition,
  defineJob,
  type JobContext,
  type JobDefinition,
  type JobMessages,
  type JobOptions,
  type OutcomeText,
} from './define-job.ts'
export { InvalidInputError } from './invalid-input-error.ts'
export { JobFailure } from './job-failure.ts'
export type { JobState, JobView } from './job-view.ts'
export type { JobWorker } from './job-worker.ts'
export { createJobs, type EnqueueOptions, type Jobs, type JobsOptions, type WorkOptions } from './jobs.ts'
export type { Log } from './log.ts'
export { PartialResult, partial } from './partial-result.ts'
export { UnwrappableError } from './settle.ts'
