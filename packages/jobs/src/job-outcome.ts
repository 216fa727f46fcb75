import type { Job } from 'bullmq'
import { decodeFailure } from './failed-reason.ts'
import type { Outcome } from './outcome.ts'
import { storedResultSchema } from './stored-job.ts'

/** How a stored job has ended, as far as BullMQ keeps it. */
export function jobOutcome(job: Pick<Job, 'returnvalue' | 'failedReason'>): Outcome {
  // The reason of an attempt that failed stays when a later one succeeds.
  const hasResult = job.returnvalue !== null && job.returnvalue !== undefined
  if (job.failedReason && !hasResult) return decodeFailure(job.failedReason)
  // A worker that isn't ours keeps the bare result.
  const stored = storedResultSchema.safeParse(job.returnvalue).data
  return stored ? { kind: stored.kind, result: stored.result } : { kind: 'success', result: job.returnvalue }
}
