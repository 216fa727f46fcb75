import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, stat, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLogger, parseRedisUrl } from '@tidings/runtime'
import { Redis, type RedisOptions } from 'ioredis'
// By path: how a server is found and its file mended is nobody's business but the private Redis', and that of who kills one.
import { mendAppendOnlyFile } from '../../packages/runtime/src/private-redis/append-only-file.ts'
import {
  findServerBinary,
  type ServerBinary,
  serverName,
} from '../../packages/runtime/src/private-redis/server-binary.ts'

const log = createLogger({ name: 'crashing-redis', level: 'silent' })

const running = new Set<ChildProcess>()
// When the test's process goes before the test has tidied up.
process.once('exit', () => {
  for (const server of running) server.kill('SIGKILL')
})

/** What a kill took away. */
export interface Lost {
  /** When Redis was killed, ms. */
  readonly at: number
  /** What stood in the end of its file that was cut off, '' where none was. */
  readonly text: string
}

/** A Redis of its own that writes every change to its file before it answers; it is there to be killed. */
export class CrashingRedis {
  readonly url: string
  readonly #directory: string
  readonly #binary: ServerBinary
  readonly #connections: Redis[] = []
  #server: ChildProcess | undefined

  private constructor(directory: string, binary: ServerBinary) {
    this.#directory = directory
    this.#binary = binary
    this.url = `unix://${join(directory, 'redis.sock')}`
  }

  static async start(): Promise<CrashingRedis> {
    const directory = await mkdtemp(join(tmpdir(), 'tidings-crash-'))
    const redis = new CrashingRedis(directory, await findServerBinary(log, directory))
    await redis.#start()
    return redis
  }

  /** A connection that comes back when the server does; closed with it. */
  connect(options: RedisOptions): Redis {
    const redis = new Redis({
      ...parseRedisUrl(this.url).address?.options,
      ...options,
      retryStrategy: () => 50,
    })
    redis.on('error', () => {}) // it is killed on purpose
    this.#connections.push(redis)
    return redis
  }

  /**
   * Kills it, and starts it again after a while.
   * @param down how long it is away, ms
   * @param cut bytes to cut off its file's end, as a loss of power may
   */
  async crash({ down, cut = 0 }: { down: () => Promise<void>; cut?: number }): Promise<Lost> {
    const at = Date.now()
    await this.#kill()
    await down()
    const file = await this.#file()
    const before = await readFile(file)
    if (cut > 0) await truncate(file, Math.max(0, before.length - cut))
    if (!(await mendAppendOnlyFile(this.#directory, this.#binary, log)))
      throw new Error(`The file of ${this.#directory} could not be mended`)
    const text = cut > 0 ? before.subarray((await stat(file)).size).toString('latin1') : ''
    await this.#start()
    return { at, text }
  }

  async end(): Promise<void> {
    for (const connection of this.#connections) connection.disconnect()
    await this.#kill()
    await rm(this.#directory, { recursive: true, force: true })
  }

  async #start(): Promise<void> {
    const socket = join(this.#directory, 'redis.sock')
    const settings = {
      dir: this.#directory,
      port: 0,
      unixsocket: socket,
      appendonly: 'yes',
      appendfsync: 'always',
      save: '',
      // One file, so that its end is the end.
      'auto-aof-rewrite-percentage': 0,
    }
    const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)])
    const { file, env } = this.#binary
    const server = spawn(file, args, {
      argv0: serverName(file),
      cwd: this.#directory,
      env: { ...process.env, ...env },
      stdio: 'ignore',
    })
    running.add(server)
    server.once('exit', () => running.delete(server))
    this.#server = server
    const redis = this.connect({ maxRetriesPerRequest: null })
    await redis.ping()
    redis.disconnect()
  }

  async #kill(): Promise<void> {
    const server = this.#server
    if (!server || server.exitCode !== null || server.signalCode !== null) return
    server.kill('SIGKILL')
    await once(server, 'exit')
  }

  async #file(): Promise<string> {
    const folder = join(this.#directory, 'appendonlydir')
    const parts = (await readdir(folder)).filter(name => name.endsWith('.incr.aof')).sort()
    return join(folder, parts.at(-1) ?? '')
  }
}
