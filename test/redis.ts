import { randomBytes } from 'node:crypto'
import { parseRedisUrl } from '@tidings/runtime'
import { Redis, type RedisOptions } from 'ioredis'
import { afterAll, inject } from 'vitest'

/** A connection to the run's Redis and a prefix that nobody else uses; closed when the test file ends. */
export function testRedis(options: RedisOptions = {}): { redis: Redis; url: string; prefix: string } {
  const url = inject('redisUrl')
  const redis = new Redis({ ...parseRedisUrl(url).address?.options, ...options })
  afterAll(() => redis.disconnect())
  return { redis, url, prefix: `{test-${randomBytes(6).toString('hex')}}` }
}
