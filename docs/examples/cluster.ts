import { createJobs, type Jobs } from '@tidings/jobs'
import { RedisMessageStore } from '@tidings/messages'
import type { Cluster } from 'ioredis'
import { sendInvitations } from './jobs.ts'

/** Eight queues, each with the lists of its owners in one slot: `{tidings:0}` to `{tidings:7}`. */
export function jobsOnCluster(redis: Cluster): { jobs: Jobs; store: RedisMessageStore } {
  const store = new RedisMessageStore({ redis, shards: 8 })
  return { store, jobs: createJobs({ redis, store, definitions: [sendInvitations] }) }
}
