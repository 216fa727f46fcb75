import { createJobs, type Jobs, type Log } from '@tidings/jobs'
import { RedisMessageStore } from '@tidings/messages'
import type { Redis } from 'ioredis'
import { sendInvitations } from './jobs.ts'

const SECOND = 1000

/** A queue in which owners take turns, and each may have a thousand unfinished jobs. */
export function fairJobsOn(redis: Redis, log: Log): Jobs {
  return createJobs({
    redis,
    store: new RedisMessageStore({ redis }),
    definitions: [sendInvitations],
    log,
    queue: 'fair',
    fair: true,
    maxPerOwner: 1000,
    timeout: SECOND,
    sweepEvery: 30 * SECOND,
  })
}
