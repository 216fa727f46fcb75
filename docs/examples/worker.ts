import { Redis } from 'ioredis'
import { jobsOn } from './jobs.ts'

// A process of its own, as many as you like.
const redis = new Redis(process.env.REDIS_URL ?? 'redis://127.0.0.1:6379', { maxRetriesPerRequest: null })
const jobs = jobsOn(redis)
const worker = await jobs.work({ concurrency: 10 })

process.once('SIGTERM', async () => {
  await worker.close() // what runs is finished first
  await jobs.close()
  redis.disconnect()
})
