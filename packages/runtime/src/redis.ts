import type { Cluster, Redis } from 'ioredis'
import type { Logger } from 'pino'
import { NoRedisError } from './no-redis-error.ts'
import { OutageLog } from './outage-log.ts'
import { withoutCredentials } from './printable.ts'
import type { RedisRole } from './redis-connection.ts'
import { parseRedisUrl, type RedisAddress } from './redis-url.ts'
import { isNewEnough, OLDEST_REDIS, versionIn } from './redis-version.ts'

/** Options of `openRedis`. */
export interface OpenRedisOptions {
  /** As in `REDIS_URL`; unset or empty: the private Redis. */
  url?: string | undefined
  /** Where the private Redis keeps its data, in a folder `redis`; made when it isn't there. */
  dataDir: string
  /** Told when Redis is lost, found again, fetched or started. */
  log: Logger
}

/** A process's way to Redis. */
export interface RedisHandle {
  /** Which Redis it is, for a banner: never with a password. */
  readonly description: string
  /** Whether it is the private Redis. */
  readonly isPrivate: boolean
  /**
   * Opens a connection, which later reconnects by itself. To a cluster it is ioredis' `Cluster`, which has a `Redis`'
   * commands; it is given as such, because who takes a connection here needs no more of it.
   *
   * For `web` a command fails after 700 ms, for `tool` after 5 s; for `worker` it waits for Redis, as BullMQ wants.
   *
   * @throws NoRedisError when nothing answers for 5 s, when the password is refused, or when Redis is older than 6.2
   */
  connect(role: RedisRole): Promise<Redis>
  /** Closes every connection that came from here. The last process to leave shuts the private Redis down. */
  close(): Promise<void>
}

/**
 * Finds the Redis to use: the one at `url`, or else the private one, which is started, or joined when it already runs.
 *
 * @throws NoRedisError when there is none to be had
 */
export async function openRedis({ url, dataDir, log }: OpenRedisOptions): Promise<RedisHandle> {
  if (url === undefined || url === '') {
    const { PrivateRedis } = await import('./private-redis/private-redis.ts')
    return handleFor(await PrivateRedis.join({ dataDir, log }), log)
  }
  const { address, fault } = parseRedisUrl(url)
  if (address === undefined)
    throw new NoRedisError(`REDIS_URL can't be used: ${fault}.`, { exitCode: CONFIGURATION })
  return handleFor({ address, isPrivate: false, leave: async () => {} }, log)
}

/** ioredis is loaded when it is needed: what a process says first doesn't wait for it. */
function connecting(): Promise<typeof import('./redis-connection.ts')> {
  return import('./redis-connection.ts')
}

interface Place {
  readonly address: RedisAddress
  readonly isPrivate: boolean
  leave(): Promise<void>
}

function handleFor(place: Place, log: Logger): RedisHandle {
  const { address, isPrivate } = place
  const connections: (Redis | Cluster)[] = []
  const outages = new OutageLog(log, isPrivate ? 'the private Redis' : `Redis at ${address.description}`)
  let closing: Promise<void> | undefined
  return {
    description: address.description,
    isPrivate,
    async connect(role) {
      if (closing !== undefined) throw new Error('This Redis handle is closed.')
      const { lastingConnection } = await connecting()
      await waitUntilUsable(address)
      const redis = lastingConnection(address, role)
      connections.push(redis)
      outages.watch(redis)
      await redis.connect().catch(error => {
        redis.disconnect()
        throw unreachable(address, error)
      })
      return redis as Redis
    },
    close() {
      closing ??= closeAll(connections, place)
      return closing
    },
  }
}

async function closeAll(connections: readonly (Redis | Cluster)[], place: Place): Promise<void> {
  for (const redis of connections) redis.disconnect()
  await place.leave()
}

const CONNECT_LIMIT = 5_000
/** Exit codes, as in sysexits. */
const TEMPORARY = 75
const CONFIGURATION = 78

async function waitUntilUsable(address: RedisAddress): Promise<void> {
  const deadline = Date.now() + CONNECT_LIMIT
  for (;;) {
    try {
      const left = Math.max(deadline - Date.now(), 500)
      const info = await serverInfo(address, left)
      return refuseOldRedis(address, versionIn(info))
    } catch (error) {
      if (error instanceof NoRedisError) throw error
      if (isRefusal(error)) throw refused(address, error)
      if (Date.now() + 250 > deadline) throw unreachable(address, error)
      await new Promise(resolve => setTimeout(resolve, 250))
    }
  }
}

/** What a server says of itself; of a cluster's, the first that answers as part of a cluster that is whole. */
async function serverInfo({ options, cluster }: RedisAddress, limit: number): Promise<string> {
  const { askOnce } = await connecting()
  if (cluster === undefined) return askOnce(options, redis => redis.info('server'), limit)
  const ask = async (redis: Redis) => {
    const state = String(await redis.cluster('INFO'))
    if (!state.includes('cluster_state:ok')) throw new Error('the cluster is not whole')
    return redis.info('server')
  }
  try {
    return await Promise.any(cluster.map(node => askOnce({ ...options, ...node }, ask, limit)))
  } catch (error) {
    const reasons = error instanceof AggregateError ? error.errors : [error]
    throw reasons.find(isRefusal) ?? reasons[0]
  }
}

function refuseOldRedis(address: RedisAddress, version: string): void {
  if (isNewEnough(version)) return
  throw new NoRedisError(
    `The Redis at ${address.description} is ${version}; Tidings needs ${OLDEST_REDIS} or newer. Upgrade it, or set REDIS_URL to another.`,
    { exitCode: CONFIGURATION },
  )
}

function isRefusal(error: unknown): boolean {
  return (
    error instanceof Error &&
    /^(NOAUTH|WRONGPASS|NOPERM|ERR (AUTH|invalid password|DB index|This instance has cluster))/.test(
      error.message,
    )
  )
}

function refused(address: RedisAddress, error: unknown): NoRedisError {
  const text = error instanceof Error ? error.message : ''
  if (text.includes('cluster support disabled'))
    return new NoRedisError(
      `The Redis at ${address.description} is no cluster. Write REDIS_URL with redis:// and one address.`,
      { exitCode: CONFIGURATION },
    )
  const word = text.split(' ')[0]
  const what =
    word === 'NOPERM'
      ? 'does not let this user in'
      : word === 'ERR'
        ? 'does not have that database, or knows no password'
        : 'refuses the user or password'
  return new NoRedisError(`The Redis at ${address.description} ${what} (${word}). Correct REDIS_URL.`, {
    exitCode: CONFIGURATION,
  })
}

function unreachable(address: RedisAddress, error: unknown): NoRedisError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const text = error instanceof Error ? withoutCredentials(error.message) : String(error)
  const reason = REASONS[code] ?? text
  return new NoRedisError(
    `Redis at ${address.description} does not answer (${reason}). Start it, or correct REDIS_URL; unset, Tidings starts a private Redis by itself.`,
    { cause: error, exitCode: TEMPORARY },
  )
}

const REASONS: Record<string, string> = {
  ECONNREFUSED: 'connection refused',
  ENOENT: 'there is no such socket',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'the host name could not be looked up',
  EHOSTUNREACH: 'no way to that host',
  ENETUNREACH: 'no way to that network',
  ETIMEDOUT: 'timed out',
  EACCES: 'the socket is not yours to use',
}
