import { createJobs, type Jobs } from '@tidings/jobs'
import type { RedisMessageStore } from '@tidings/messages'
import type { Redis } from 'ioredis'
import { sendInvitations } from './jobs.ts'

/** Where you keep your numbers. */
export interface Numbers {
  count(name: string, by: number): void
  set(name: string, value: number): void
}

/** Jobs that count what happens in this process; `jobs.counts` has it since the process began. */
export function countedJobs(redis: Redis, store: RedisMessageStore, { count }: Numbers): Jobs {
  return createJobs({
    redis,
    store,
    definitions: [sendInvitations],
    onEvent: (event, by) => count(`jobs_${event}`, by),
  })
}

/** To be called from time to time, by one process: how all jobs stand at this moment. */
export async function measure(jobs: Jobs, { set }: Numbers): Promise<void> {
  const { waiting, running, owed, overdue, undelivered } = await jobs.stats()
  set('jobs_waiting', waiting)
  set('jobs_running', running)
  set('jobs_owed', owed)
  set('jobs_overdue_ms', overdue)
  set('jobs_undelivered', undelivered)
}
