// Not by name: a version that lacks it could then not even be refused in words.
import * as bullmq from 'bullmq'
import { UnwrappableError } from './wrapped-scripts.ts'

/**
 * BullMQ's own backend, which ours are made of.
 * @throws UnwrappableError where this version of BullMQ has none that could be made.
 */
export function redisBackend(): typeof bullmq.createRedisBackend {
  const { createRedisBackend } = bullmq as Partial<typeof bullmq>
  if (typeof createRedisBackend !== 'function')
    throw new UnwrappableError('as it is installed here', 'it has no createRedisBackend')
  return createRedisBackend
}
