import {
  plainOptions,
  type RedisServer,
  type ServerPlace,
  serverDirectory,
  startRedisServer,
  until,
} from './redis-server.ts'

const SLOTS = 16_384
const MASTERS = 3

/** A Redis Cluster of six real servers: three masters, each with a replica. */
export interface RedisCluster {
  /** Where it is, as ioredis takes it. */
  readonly nodes: readonly { host: string; port: number }[]
  /** The first three are the masters at the start, the others their replicas in the same order. */
  readonly servers: readonly RedisServer[]
  /** As in `REDIS_URL`. */
  readonly url: string
  /** The slot of a key, and the port of the master that has it. */
  masterOf(key: string): Promise<number>
  /** Kills the master of a key's slot; gives what waits until its replica has taken over. */
  killMaster(key: string): Promise<{ failedOver(): Promise<void> }>
  /** Kills the nodes at which somebody listens to channels. */
  killListener(): Promise<void>
  /** Ends all that is left of it. */
  end(): Promise<void>
}

/** Where the servers of a cluster run and what else they are told. */
export interface ClusterPlaces {
  /** One each for the masters and their replicas; all of them here, by default. */
  readonly places?: readonly ServerPlace[]
  readonly options?: (port: number) => readonly string[]
}

/** Starts a cluster on free ports; it is ready when this returns. */
export async function startRedisCluster({
  places = [],
  options = () => [],
}: ClusterPlaces = {}): Promise<RedisCluster> {
  const directory = await serverDirectory()
  const servers = await Promise.all(
    Array.from({ length: 2 * MASTERS }, (_, i) =>
      startRedisServer(
        directory.path,
        (port, host) => [...clusterOptions(port, host), ...options(port)],
        places[i],
      ),
    ),
  )
  const end = async () => {
    await Promise.all(servers.map(server => server.kill()))
    await directory.remove()
  }
  try {
    await form(servers)
  } catch (error) {
    await end()
    throw error
  }

  const masterOf = async (key: string) => {
    const [one] = servers.filter(({ isRunning }) => isRunning)
    const slot = Number(await one?.redis.cluster('KEYSLOT', key))
    const ranges = (await one?.redis.cluster('SLOTS')) ?? []
    const [, , master] = ranges.find(([first, last]) => first <= slot && slot <= last) ?? []
    if (!master) throw new Error(`nobody has slot ${slot}`)
    return master[1]
  }
  return {
    nodes: servers.map(({ host, port }) => ({ host, port })),
    servers,
    url: `redis-cluster://${servers.map(({ host, port }) => `${host}:${port}`).join(',')}`,
    masterOf,
    async killMaster(key) {
      const port = await masterOf(key)
      await servers.find(server => server.port === port)?.kill()
      const failedOver = () =>
        until('a replica to take over', async () => {
          const left = servers.filter(({ isRunning }) => isRunning)
          return (await masterOf(key)) !== port && (await all(left, isWhole))
        })
      return { failedOver }
    },
    async killListener() {
      const listening = await Promise.all(
        servers.map(async server => {
          const clients = String(await server.redis.client('LIST'))
          return / sub=[1-9]/.test(clients) ? [server] : []
        }),
      )
      await Promise.all(listening.flat().map(server => server.kill()))
    },
    end,
  }
}

function clusterOptions(port: number, host: string): string[] {
  const cluster = { enabled: 'yes', 'config-file': `nodes-${port}.conf`, 'node-timeout': 1000 }
  const options = Object.entries(cluster).flatMap(([name, value]) => [`--cluster-${name}`, String(value)])
  return [...plainOptions(port, host), ...options, '--repl-diskless-sync-delay', '0']
}

/** The first ones become masters of a part of the slots each, the others their replicas. */
async function form(servers: readonly RedisServer[]): Promise<void> {
  const masters = servers.slice(0, MASTERS)
  await Promise.all(
    masters.map(async ({ redis }, i) => {
      const first = Math.floor((i * SLOTS) / MASTERS)
      const last = Math.floor(((i + 1) * SLOTS) / MASTERS)
      await redis.cluster('ADDSLOTS', ...Array.from({ length: last - first }, (_, slot) => first + slot))
    }),
  )
  await Promise.all(servers.map(({ redis }, i) => redis.cluster('SET-CONFIG-EPOCH', i + 1)))
  for (const [i, { redis }] of servers.entries())
    for (const { host, port } of servers.slice(i + 1)) await redis.cluster('MEET', host, port)
  await until('all nodes to know each other', () => all(servers, knows(servers.length)))
  await Promise.all(
    servers.slice(MASTERS).map(async ({ redis }, i) => {
      const master = String(await masters[i]?.redis.cluster('MYID'))
      await redis.cluster('REPLICATE', master)
    }),
  )
  await until('the cluster to be whole', () => all(servers, isWhole))
  await until('each replica to have its master', () => all(servers.slice(MASTERS), isLinked))
  await until('the nodes to know the replicas', () => all(servers, knowsReplicas))
}

async function all(
  servers: readonly RedisServer[],
  isSo: (server: RedisServer) => Promise<boolean>,
): Promise<boolean> {
  return (await Promise.all(servers.map(isSo))).every(Boolean)
}

function knows(count: number): (server: RedisServer) => Promise<boolean> {
  return async ({ redis }) => {
    const nodes = String(await redis.cluster('NODES'))
      .trim()
      .split('\n')
    return nodes.length === count && !nodes.some(node => node.includes('handshake'))
  }
}

async function isWhole({ redis }: RedisServer): Promise<boolean> {
  return String(await redis.cluster('INFO')).includes('cluster_state:ok')
}

async function isLinked({ redis }: RedisServer): Promise<boolean> {
  return (await redis.info('replication')).includes('master_link_status:up')
}

async function knowsReplicas({ redis }: RedisServer): Promise<boolean> {
  return String(await redis.cluster('NODES')).match(/ (?:myself,)?slave /g)?.length === MASTERS
}
