import { setTimeout as pause } from 'node:timers/promises'
import { Cluster, type ClusterOptions, Redis, type RedisOptions } from 'ioredis'
import { patient } from './patient-cluster.ts'
import type { RedisAddress } from './redis-url.ts'

/** What a connection is for. It decides how long a command may wait. */
export type RedisRole = 'web' | 'worker' | 'tool'

// A page has to be answered within a second, so a command of the web process gives up first; somebody at a command line is
// told after a few. A worker waits for Redis
// for as long as it takes, but a connection that brings nothing for 12 s is dead (BullMQ asks at least every 10 s).
const ROLES: Record<RedisRole, RedisOptions> = {
  web: { commandTimeout: 700, maxRetriesPerRequest: 1, socketTimeout: 3_000 },
  worker: { maxRetriesPerRequest: null, socketTimeout: 12_000 },
  tool: { commandTimeout: 5_000, maxRetriesPerRequest: 1, socketTimeout: 12_000 },
}

// A cluster's command is sent again, 100 ms later, while a node is gone and its replica hasn't taken over: in the web process
// for no longer than a command may wait, in a worker for half a minute. A queue outside of the nodes' would have no limit.
const CLUSTER_ROLES: Record<RedisRole, ClusterOptions> = {
  web: { maxRedirections: 6, enableOfflineQueue: false },
  worker: { maxRedirections: 300 },
  tool: { maxRedirections: 50 },
}

/** A lasting connection, which isn't connected yet: it reconnects by itself, after 50 ms at first and 1 s at most. */
export function lastingConnection({ options, cluster }: RedisAddress, role: RedisRole): Redis | Cluster {
  if (cluster === undefined) return new Redis(lastingOptions(options, role))
  const { retryStrategy, lazyConnect, ...redisOptions } = lastingOptions(options, role)
  const client = new Cluster(cluster, {
    ...CLUSTER_ROLES[role],
    redisOptions,
    lazyConnect: true,
    clusterRetryStrategy: attempt => clusterRetryDelay(attempt, role),
    // A certificate is for the name that the cluster tells, not for the address behind it.
    ...(options.tls && { dnsLookup: (host, done) => done(null, host) }),
  })
  return patient(client)
}

function lastingOptions(address: RedisOptions, role: RedisRole): RedisOptions {
  return {
    ...address,
    ...ROLES[role],
    connectionName: `tidings-${role}`,
    connectTimeout: 3_000,
    lazyConnect: true,
    retryStrategy: retryDelay,
  }
}

function retryDelay(attempt: number): number {
  return Math.min(50 * 2 ** Math.min(attempt, 10), 1_000)
}

/**
 * A worker has three connections for each shard, and each of them asks every node, and again and again for one that it can
 * subscribe at: they take turns.
 */
function clusterRetryDelay(attempt: number, role: RedisRole): number {
  const most = role === 'worker' ? 5_000 : 1_000
  return Math.min(50 * 2 ** Math.min(attempt, 10), most) * (0.5 + Math.random() / 2)
}

/** The options of a connection for one question: nothing is repeated, and nothing waits for longer than `limit` ms. */
export function briefOptions(address: RedisOptions, limit = 2_000): RedisOptions {
  return {
    ...address,
    commandTimeout: limit,
    connectTimeout: limit,
    enableOfflineQueue: false,
    enableReadyCheck: false,
    lazyConnect: true,
    maxRetriesPerRequest: 0,
    // Otherwise a connection that was closed by the server would keep the process alive for 2 s.
    disconnectTimeout: 50,
    retryStrategy: () => null,
    sentinelRetryStrategy: () => null,
  }
}

/**
 * Opens a connection, asks, and closes it, all within `limit` ms.
 *
 * @throws what ioredis threw: the reason why the connection failed rather than "Connection is closed."
 */
export async function askOnce<Answer>(
  address: RedisOptions,
  ask: (redis: Redis) => Promise<Answer>,
  limit = 2_000,
): Promise<Answer> {
  const redis = new Redis(briefOptions(address, limit))
  const failures: Error[] = []
  redis.on('error', error => failures.push(error))
  const timer = new AbortController()
  const tooLate = pause(limit, undefined, { signal: timer.signal }).then(() => {
    throw new Error('no answer')
  })
  try {
    return await Promise.race([redis.connect().then(() => ask(redis)), tooLate])
  } catch (error) {
    throw failures[0] ?? error
  } finally {
    timer.abort()
    tooLate.catch(() => {})
    if (redis.status !== 'end') redis.disconnect()
  }
}
