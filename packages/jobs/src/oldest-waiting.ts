import type { Job } from 'bullmq'
import { type JobQueue, PICK_UP_WITHIN } from './job-queue.ts'

/** How long the job that has waited longest has been ready to be picked up, ms; 0 where none waits. */
export async function oldestWaiting(jobs: JobQueue): Promise<number> {
  const { redis } = jobs.options
  const first = await Promise.all([
    redis.lindex(jobs.key('wait'), -1),
    redis.lindex(jobs.key('paused'), -1),
    redis.zrange(jobs.key('prioritized'), '0', '0').then(([id]) => id),
  ])
  const ages = first.map(async id => {
    const job = id ? await jobs.read(id) : undefined
    if (!job?.id) return 0
    return Math.max(0, Date.now() - readySince(jobs, job, await redis.zscore(jobs.key('ledger'), job.id)))
  })
  return Math.max(...(await Promise.all(ages)))
}

/** BullMQ doesn't keep it. The ledger knows it until the job is due, also of one that was tried again by hand. */
function readySince(jobs: JobQueue, job: Job, due: string | null): number {
  const { pickUpWithin = PICK_UP_WITHIN } = jobs.options.definitions.get(job.name) ?? {}
  const accordingToLedger = due === null ? Number.NaN : Number(due) - pickUpWithin
  return Math.max(
    job.timestamp + (job.opts.delay ?? 0),
    job.processedOn ?? 0,
    Number.isFinite(accordingToLedger) ? accordingToLedger : 0,
  )
}
