import type { Redis } from 'ioredis'
import type { Logger } from './logger.ts'
import { NoRedisError } from './no-redis-error.ts'
import { serverFacts } from './server-facts.ts'

const CONFIGURATION = 78

/**
 * Looks at the server before anything is kept in it, and warns of what would lose messages in a crash.
 * @param where how the server is called in words, without a password
 * @throws NoRedisError (exit code 78) for a server that can't keep them at all: a read-only replica, or one that evicts.
 */
export async function preflight(redis: Redis, where: string, log: Logger): Promise<void> {
  const { policy, hasAppendOnlyFile, isReadOnlyReplica } = await serverFacts(redis)
  if (isReadOnlyReplica)
    throw new NoRedisError(
      `The Redis at ${where} is a replica that can't be written to. Set REDIS_URL to its master.`,
      { exitCode: CONFIGURATION },
    )
  if (policy !== '' && policy !== 'noeviction')
    throw new NoRedisError(
      `The Redis at ${where} throws away data when its memory is full (maxmemory-policy ${policy}): jobs and messages would be lost. Run: redis-cli CONFIG SET maxmemory-policy noeviction, and set it in its configuration.`,
      { exitCode: CONFIGURATION },
    )
  if (!hasAppendOnlyFile)
    log.warn(
      {},
      'Redis keeps no append-only file: jobs and messages of up to several minutes are lost when it crashes. Set appendonly to yes; see: tidings check',
    )
}
