import type { Redis } from 'ioredis'

/** What a Redis server says of itself that decides whether messages are safe in it. */
export interface ServerFacts {
  readonly version: string
  /** Such as `noeviction`; '' where it isn't told. */
  readonly policy: string
  /** Bytes; 0 for no limit. */
  readonly maxMemory: number
  readonly usedMemory: number
  readonly hasAppendOnlyFile: boolean
  readonly isReadOnlyReplica: boolean
  /** Whether the last write to disk failed. */
  readonly isDiskFailing: boolean
}

/** Asks the server. */
export async function serverFacts(redis: Redis): Promise<ServerFacts> {
  const info = String(await redis.info())
  const field = (name: string) => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? ''
  return {
    version: field('valkey_version')
      ? `Valkey ${field('valkey_version')}`
      : `Redis ${field('redis_version')}`,
    policy: field('maxmemory_policy'),
    maxMemory: Number(field('maxmemory')),
    usedMemory: Number(field('used_memory')),
    hasAppendOnlyFile: field('aof_enabled') === '1',
    isReadOnlyReplica: field('role') === 'slave' && field('slave_read_only') !== '0',
    isDiskFailing: [field('rdb_last_bgsave_status'), field('aof_last_write_status')].includes('err'),
  }
}
