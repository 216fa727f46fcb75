import type { Logger } from '@tidings/runtime'
import type { Redis } from 'ioredis'
import { SetUpError } from '../plain-words.ts'
import { serverFacts } from '../server-facts.ts'

/**
 * Looks at the server before jobs are taken, and warns of what would lose messages in a crash.
 * @throws SetUpError for a server that can't keep them at all.
 */
export async function preflight(redis: Redis, where: string, log: Logger): Promise<void> {
  const { policy, hasAppendOnlyFile, isReadOnlyReplica } = await serverFacts(redis)
  if (isReadOnlyReplica)
    throw new SetUpError(
      `The Redis at ${where} is a replica that can't be written to. Set REDIS_URL to its master.`,
    )
  if (policy !== '' && policy !== 'noeviction')
    throw new SetUpError(
      `The Redis at ${where} throws away data when its memory is full (maxmemory-policy ${policy}): jobs and messages would be lost. Run: redis-cli CONFIG SET maxmemory-policy noeviction, and set it in its configuration.`,
    )
  if (!hasAppendOnlyFile)
    log.warn(
      {},
      'Redis keeps no append-only file: jobs and messages of up to several minutes are lost when it crashes. Set appendonly to yes; see: tidings check',
    )
}
