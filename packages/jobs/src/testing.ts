export {
  createMemoryJobs,
  type MemoryJobs,
  type MemoryJobsOptions,
} from './testing/memory-jobs.ts'
export type { MemoryWorker } from './testing/memory-worker.ts'
export { type Performed, type PerformOptions, performJob } from './testing/perform-job.ts'
