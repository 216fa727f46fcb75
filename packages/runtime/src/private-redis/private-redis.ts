import { setTimeout as pause } from 'node:timers/promises'
import { Redis } from 'ioredis'
import type { Logger } from 'pino'
import { askOnce, briefOptions } from '../redis-connection.ts'
import type { RedisAddress } from '../redis-url.ts'
import { redisDirectory } from './data-directory.ts'
import { type Endpoint, endpointOptions } from './endpoint.ts'
import { exclusively } from './exclusive.ts'
import { ensureServer, type ServerContext, stopServer } from './server.ts'

const HOLDER = 'tidings-holder'

/**
 * This process's share in the private Redis. Each process holds one connection with a name of its own; when the last
 * holder leaves, it shuts the server down. The kernel closes the connection of a process that is killed, so nobody has
 * to count. Joining and leaving happen under one lock.
 */
export class PrivateRedis {
  readonly isPrivate = true
  readonly address: RedisAddress
  readonly #context: ServerContext
  #endpoint: Endpoint
  #holder: Redis
  readonly #left = new AbortController()
  #repairing: Promise<void> | undefined

  /**
   * Starts the private Redis, or joins it when it runs.
   *
   * @throws NoRedisError when there is none to be had
   */
  static async join({ dataDir, log }: { dataDir: string; log: Logger }): Promise<PrivateRedis> {
    const directory = await redisDirectory(dataDir)
    const context = { directory, dataDir, log }
    return exclusively(directory, async () => {
      const { endpoint } = await ensureServer(context)
      return new PrivateRedis(context, endpoint, await hold(endpoint))
    })
  }

  private constructor(context: ServerContext, endpoint: Endpoint, holder: Redis) {
    this.#context = context
    this.#endpoint = endpoint
    this.#holder = holder
    this.#watch(holder)
    this.address = {
      options: endpointOptions(endpoint),
      description: `private Redis in ${context.directory}`,
    }
  }

  /** Gives the share back; the last one out shuts the server down and waits until it is gone. Never throws. */
  async leave(): Promise<void> {
    if (this.#left.signal.aborted) return
    this.#left.abort()
    await this.#repairing
    const { directory, log } = this.#context
    try {
      await exclusively(directory, async () => {
        this.#holder.disconnect()
        if ((await holders(this.#endpoint)) === 0) await stopServer(this.#endpoint, directory)
      })
    } catch (error) {
      this.#holder.disconnect()
      log.warn({ err: error }, 'could not leave the private Redis in order; the next start takes care of it')
    }
  }

  #watch(holder: Redis): void {
    holder.once('end', () => {
      if (!this.#left.signal.aborted) this.#repairing = this.#repair()
    })
  }

  /** The server died, or somebody closed our connection: whoever gets the lock first starts it again. */
  async #repair(): Promise<void> {
    const { directory, log } = this.#context
    for (let wait = 500; !this.#left.signal.aborted; wait = Math.min(wait * 2, 30_000)) {
      try {
        await exclusively(directory, async () => {
          if (this.#left.signal.aborted) return
          const { endpoint, started } = await ensureServer(this.#context)
          this.#endpoint = endpoint
          this.#holder = await hold(endpoint)
          this.#watch(this.#holder)
          // The port may be another one; connections that are opened from now on know it.
          Object.assign(this.address.options, endpointOptions(endpoint))
          if (started) log.warn('the private Redis had stopped; it was started again')
        })
        return
      } catch (error) {
        log.error({ err: error }, 'the private Redis stopped and could not be started again; trying again')
        await pause(wait, undefined, { signal: this.#left.signal }).catch(() => {})
      }
    }
  }
}

async function hold(endpoint: Endpoint): Promise<Redis> {
  const redis = new Redis({ ...briefOptions(endpointOptions(endpoint)), connectionName: HOLDER })
  redis.on('error', () => {})
  await redis.connect()
  // The name is set without waiting for it; the answer to this comes after it.
  await redis.client('SETNAME', HOLDER)
  return redis
}

/** How many processes hold the server. */
async function holders(endpoint: Endpoint): Promise<number> {
  const list = await askOnce(endpointOptions(endpoint), redis => redis.client('LIST'), 5_000)
  return String(list)
    .split('\n')
    .filter(line => line.includes(` name=${HOLDER} `)).length
}
