import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  plainOptions,
  type RedisServer,
  type ServerPlace,
  serverDirectory,
  startRedisServer,
  until,
} from './redis-server.ts'

const NAME = 'tidings'
const SENTINELS = 3

/** A master, its replica, and three sentinels that watch over them. */
export interface SentinelSet {
  readonly name: string
  readonly sentinels: readonly { host: string; port: number }[]
  /** As in `REDIS_URL`. */
  readonly url: string
  /** The first master and its replica. */
  readonly servers: readonly [master: RedisServer, replica: RedisServer]
  /** Where the master is, as the sentinels say. */
  masterPort(): Promise<number>
  /** Kills the master; gives what waits until the replica has taken over. */
  killMaster(): Promise<{ failedOver(): Promise<void> }>
  /** Ends all that is left of it. */
  end(): Promise<void>
}

/** Where the servers of a set run and what else they are told. */
export interface SentinelOptions {
  /** One each for the master, its replica and every sentinel; all of them here, by default. */
  readonly places?: readonly ServerPlace[]
  /** More options of master and replica. */
  readonly options?: (port: number) => readonly string[]
  /** How long the master is silent before another is chosen, ms. */
  readonly downAfter?: number
}

/** Starts a set on free ports; it is ready when this returns. */
export async function startSentinels({
  places = [],
  options: more = () => [],
  downAfter = 500,
}: SentinelOptions = {}): Promise<SentinelSet> {
  const directory = await serverDirectory()
  const started: RedisServer[] = []
  const start = async (...options: Parameters<typeof startRedisServer>) => {
    const server = await startRedisServer(...options)
    started.push(server)
    return server
  }
  const end = async () => {
    await Promise.all(started.map(server => server.kill()))
    await directory.remove()
  }
  try {
    const options = (port: number, host: string) => [
      ...plainOptions(port, host),
      ...['--repl-diskless-sync-delay', '0'],
      ...more(port),
    ]
    const master = await start(directory.path, options, places[0])
    const follows = ['--replicaof', master.host, String(master.port)]
    const replica = await start(
      directory.path,
      (port, host) => [...options(port, host), ...follows],
      places[1],
    )
    await until('the replica to follow', async () =>
      (await replica.redis.info('replication')).includes('master_link_status:up'),
    )
    const sentinels = await Promise.all(
      Array.from({ length: SENTINELS }, (_, i) =>
        start(
          directory.path,
          (port, host) => sentinelOptions(directory.path, { port, host, master, downAfter }),
          places[2 + i],
        ),
      ),
    )
    await until('the sentinels to know each other', async () => {
      const views = await Promise.all(sentinels.map(viewOf))
      return views.every(view => view['num-slaves'] === '1' && view['num-other-sentinels'] === '2')
    })
    return {
      name: NAME,
      servers: [master, replica],
      sentinels: sentinels.map(({ host, port }) => ({ host, port })),
      url: `redis-sentinel://${sentinels.map(({ host, port }) => `${host}:${port}`).join(',')}/${NAME}`,
      async masterPort() {
        const [first] = await Promise.all(sentinels.map(viewOf))
        return Number(first?.port)
      },
      async killMaster() {
        await master.kill()
        const failedOver = () =>
          until('the replica to take over', async () => {
            const views = await Promise.all(sentinels.map(viewOf))
            const [role] = await replica.redis.role()
            return role === 'master' && views.every(view => view.port === String(replica.port))
          })
        return { failedOver }
      },
      end,
    }
  } catch (error) {
    await end()
    throw error
  }
}

async function sentinelOptions(
  path: string,
  { port, host, master, downAfter }: { port: number; host: string; master: RedisServer; downAfter: number },
): Promise<string[]> {
  const directory = join(path, String(port))
  await mkdir(directory)
  const file = join(directory, 'sentinel.conf')
  const lines = [
    `port ${port}`,
    `bind ${host}`,
    'protected-mode no',
    `dir ${directory}`,
    `sentinel monitor ${NAME} ${master.host} ${master.port} 2`,
    `sentinel down-after-milliseconds ${NAME} ${downAfter}`,
    `sentinel failover-timeout ${NAME} ${4 * downAfter}`,
  ]
  await writeFile(file, `${lines.join('\n')}\n`)
  return [file, '--sentinel']
}

/** What a sentinel knows of the master. */
async function viewOf({ redis }: RedisServer): Promise<Record<string, string>> {
  const answer = await redis.call('SENTINEL', 'MASTER', NAME)
  if (!Array.isArray(answer)) return answer as Record<string, string>
  return Object.fromEntries(answer.flatMap((name, i) => (i % 2 === 0 ? [[name, answer[i + 1]]] : [])))
}
