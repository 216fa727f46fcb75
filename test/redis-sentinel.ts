import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { plainOptions, type RedisServer, serverDirectory, startRedisServer, until } from './redis-server.ts'

const NAME = 'tidings'
const SENTINELS = 3

/** A master, its replica, and three sentinels that watch over them. */
export interface SentinelSet {
  readonly name: string
  readonly sentinels: readonly { host: string; port: number }[]
  /** As in `REDIS_URL`. */
  readonly url: string
  /** Where the master is, as the sentinels say. */
  masterPort(): Promise<number>
  /** Kills the master; gives what waits until the replica has taken over. */
  killMaster(): Promise<{ failedOver(): Promise<void> }>
  /** Ends all that is left of it. */
  end(): Promise<void>
}

/** Starts a set on free ports; it is ready when this returns. */
export async function startSentinels(): Promise<SentinelSet> {
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
    const options = (port: number) => [...plainOptions(port), '--repl-diskless-sync-delay', '0']
    const master = await start(directory.path, options)
    const follows = ['--replicaof', master.host, String(master.port)]
    const replica = await start(directory.path, port => [...options(port), ...follows])
    await until('the replica to follow', async () =>
      (await replica.redis.info('replication')).includes('master_link_status:up'),
    )
    const sentinels = await Promise.all(
      Array.from({ length: SENTINELS }, () =>
        start(directory.path, port => sentinelOptions(directory.path, port, master)),
      ),
    )
    await until('the sentinels to know each other', async () => {
      const views = await Promise.all(sentinels.map(viewOf))
      return views.every(view => view['num-slaves'] === '1' && view['num-other-sentinels'] === '2')
    })
    return {
      name: NAME,
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

async function sentinelOptions(path: string, port: number, master: RedisServer): Promise<string[]> {
  const directory = join(path, String(port))
  await mkdir(directory)
  const file = join(directory, 'sentinel.conf')
  const lines = [
    `port ${port}`,
    'bind 127.0.0.1',
    `dir ${directory}`,
    `sentinel monitor ${NAME} ${master.host} ${master.port} 2`,
    `sentinel down-after-milliseconds ${NAME} 500`,
    `sentinel failover-timeout ${NAME} 2000`,
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
