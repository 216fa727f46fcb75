import { startRedisCluster } from '../redis-cluster.ts'
import { startSentinels } from '../redis-sentinel.ts'
import { plainOptions, type RedisServer, serverDirectory, startRedisServer, until } from '../redis-server.ts'
import type { Host, Network } from './network.ts'
import { MastersFile, writesDown } from './unreplicated.ts'

/** A Redis of several hosts, or of one. */
export interface RedisOnHosts {
  readonly url: string
  /** The host of the master that is parted from the others when the time comes; none where there is but one. */
  readonly mastersHost?: Host
  /** Holds what the master writes, from now on. */
  holdMaster?(): Promise<MastersFile>
  /** Waits until another has taken over; gives it. */
  successor?(): Promise<RedisServer>
  /** Waits until the old master, back among the others, follows its successor. */
  follows?(): Promise<void>
  end(): Promise<void>
}

// Sessions lie beside the jobs and messages of a site with one shard, and of one with eight beside those of two.
const SESSIONS = '{tidings}'
// How long a master is silent before another takes over, ms: longer than a busy machine keeps one waiting.
const SILENT_FOR = 3_000

/** One Redis on a host of its own. */
export async function oneRedis(network: Network): Promise<RedisOnHosts> {
  const directory = await serverDirectory()
  const server = await startRedisServer(directory.path, plainOptions, network.host('redis-1'))
  return {
    url: `redis://${server.host}:${server.port}`,
    async end() {
      await server.kill()
      await directory.remove()
    },
  }
}

/**
 * A master, its replica and three sentinels on three hosts.
 * @param minReplicas how many replicas a master must hear of to take writes (`min-replicas-to-write`)
 */
export async function sentinelOnHosts(network: Network, minReplicas: number): Promise<RedisOnHosts> {
  const directory = await serverDirectory()
  const [one, two, three] = ['redis-1', 'redis-2', 'redis-3'].map(name => network.host(name)) as [
    Host,
    Host,
    Host,
  ]
  const written = writesDown(directory.path)
  const set = await startSentinels({
    places: [one, two, one, two, three],
    options: port => [
      ...written(port),
      ...['--min-replicas-to-write', String(minReplicas), '--min-replicas-max-lag', '2'],
    ],
    downAfter: SILENT_FOR,
  })
  const [master, replica] = set.servers
  return {
    url: set.url,
    mastersHost: one,
    holdMaster: () => MastersFile.open(master, directory.path),
    async successor() {
      await until('the replica to take over', async () => (await roleOf(replica)) === 'master')
      return replica
    },
    follows: () => until('the old master to follow', async () => (await roleOf(master)) === 'slave', 60_000),
    async end() {
      await set.end()
      await directory.remove()
    },
  }
}

/** A cluster of three masters on three hosts, each with the replica of another one's; the master in question is that of the sessions. */
export async function clusterOnHosts(network: Network): Promise<RedisOnHosts> {
  const directory = await serverDirectory()
  const hosts = ['redis-1', 'redis-2', 'redis-3'].map(name => network.host(name)) as [Host, Host, Host]
  const [one, two, three] = hosts
  const written = writesDown(directory.path)
  const cluster = await startRedisCluster({
    places: [one, two, three, two, three, one],
    options: port => [...written(port), '--cluster-node-timeout', String(SILENT_FOR)],
  })
  const port = await cluster.masterOf(SESSIONS)
  const number = cluster.servers.findIndex(server => server.port === port)
  const [master, replica] = [number, number + hosts.length].map(i => cluster.servers[i]) as [
    RedisServer,
    RedisServer,
  ]
  return {
    url: cluster.url,
    mastersHost: hosts[number] as Host,
    holdMaster: () => MastersFile.open(master, directory.path),
    async successor() {
      await until('the replica to take over', async () => (await roleOf(replica)) === 'master')
      return replica
    },
    follows: () => until('the old master to follow', async () => (await roleOf(master)) === 'slave', 60_000),
    async end() {
      await cluster.end()
      await directory.remove()
    },
  }
}

async function roleOf({ redis }: RedisServer): Promise<unknown> {
  const [role] = await redis.role()
  return role
}
