import { RedisMessageStore } from '@tidings/messages'
import { Redis } from 'ioredis'
import { beforeAll, describe, expect, it } from 'vitest'
import { type SentinelSet, startSentinels } from '../../../test/redis-sentinel.ts'
import { createJobs } from '../src/index.ts'
import { testEndings } from './all-endings.ts'
import { loadJobsWithFailure, worked } from './job-load.ts'

const owners = Array.from({ length: 30 }, (_, i) => `owner-${i}`)

function connect(set: SentinelSet): Redis {
  const redis = new Redis({ sentinels: [...set.sentinels], name: set.name })
  redis.on('error', () => {})
  return redis
}

describe('by Sentinel', () => {
  let redis: Redis
  let elsewhere: Redis

  beforeAll(async () => {
    const set = await startSentinels()
    redis = connect(set)
    elsewhere = connect(set)
    return async () => {
      redis.disconnect()
      elsewhere.disconnect()
      await set.end()
    }
  })

  testEndings('with shards: 1', 1, () => ({ redis, elsewhere }))
})

describe('when the master of a Sentinel set is killed in mid-load', () => {
  it.each([1, 8])('each job has one outcome, with shards: %i', { timeout: 120_000 }, async shards => {
    const set = await startSentinels()
    const [redis, elsewhere] = [connect(set), connect(set)]
    const store = new RedisMessageStore({ redis, shards, cap: 10_000 })
    const shared = { store, definitions: [worked], sweepEvery: 1000 }
    const jobs = createJobs({ ...shared, redis })
    const other = createJobs({ ...shared, redis: elsewhere })
    const workers = await Promise.all([1, 2].map(() => other.work({ concurrency: 8 })))
    const result = await loadJobsWithFailure(jobs, store, owners, {
      masterOf: set.masterPort,
      replicas: () => redis.wait(1, 500),
      fail: async () => (await set.killMaster()).failedOver(),
    }).finally(async () => {
      await Promise.all(workers.map(worker => worker.close({ force: true })))
      await Promise.all([jobs.close(), other.close()])
      redis.disconnect()
      elsewhere.disconnect()
      await set.end()
    })
    expect(result).toMatchObject({ lost: [], doubled: [], strange: [] })
    expect(result.took).toBeLessThan(30_000)
  })
})
