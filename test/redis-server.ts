import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, symlink } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { createLogger } from '@tidings/runtime'
import { Redis } from 'ioredis'
// By path: only tests start servers by themselves.
import { findServerBinary, serverName } from '../packages/runtime/src/private-redis/server-binary.ts'

/** A Redis server of a test's own, on loopback. */
export interface RedisServer {
  readonly host: string
  readonly port: number
  /** For the test's own questions. */
  readonly redis: Redis
  readonly isRunning: boolean
  /** Ends it as a crash would, and waits until it is gone. */
  kill(): Promise<void>
}

const HOST = '127.0.0.1'
const running = new Set<ChildProcess>()
// When a test's process goes before the test has tidied up.
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** Where a server runs: on this machine, or on one of a test's own. */
export interface ServerPlace {
  readonly address: string
  /** What stands before the command, to bring it there. */
  readonly through: readonly string[]
  /** Told of the server's process. */
  runs(child: ChildProcess): void
}

const HERE: ServerPlace = { address: HOST, through: [], runs() {} }

/** Starts a server on a free port with these arguments, and waits until it answers. */
export async function startRedisServer(
  directory: string,
  options: (port: number, host: string) => readonly string[] | Promise<readonly string[]>,
  place = HERE,
): Promise<RedisServer> {
  const port = await freePort()
  const { file, env } = await findServerBinary(createLogger({ name: 'test', level: 'warn' }), directory)
  // What brings it elsewhere gives it the name under which it was found, and that may be a checking tool's.
  const named = join(directory, `${port}-${serverName(file)}`)
  await symlink(file, named)
  const [command = '', ...args] = [...place.through, named, ...(await options(port, place.address))]
  const child = spawn(command, args, {
    cwd: directory,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  place.runs(child)
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', text => {
      output = (output + text).slice(-4000)
    })
  running.add(child)
  const gone = once(child, 'exit').then(() => void running.delete(child))
  const redis = new Redis(port, place.address, { retryStrategy: () => 20 })
  redis.on('error', () => {})
  await until(`a server on port ${port}`, async () => {
    if (child.exitCode !== null) throw new Error(`The server has ended:\n${output}`)
    return (await redis.ping()) === 'PONG'
  })
  return {
    host: place.address,
    port,
    redis,
    get isRunning() {
      return running.has(child)
    },
    async kill() {
      redis.disconnect()
      child.kill('SIGKILL')
      await gone
    },
  }
}

/** Starts a server like others: keeps nothing on disk. */
export function plainOptions(port: number, host = HOST): string[] {
  const options = { port: String(port), bind: host, 'protected-mode': 'no', save: '', appendonly: 'no' }
  return Object.entries(options).flatMap(([name, value]) => [`--${name}`, value])
}

/** A folder for servers; remove it when they have ended. */
export async function serverDirectory(): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'tidings-servers-'))
  return { path, remove: () => rm(path, { recursive: true, force: true, maxRetries: 5 }) }
}

/** Asks until it is so; fails when that takes too long (20 s by default), naming what was waited for. */
export async function until(what: string, isSo: () => Promise<boolean>, limit = 20_000): Promise<void> {
  for (const end = Date.now() + limit; !(await isSo()); await pause(20))
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`)
}

const given = new Set<number>()

// A cluster's nodes talk to each other on the port 10,000 higher. Both are below those that the system gives to clients.
async function freePort(): Promise<number> {
  for (;;) {
    const port = 11_000 + Math.floor(Math.random() * 8_000)
    if (given.has(port) || !(await isFree(port)) || !(await isFree(port + 10_000))) continue
    given.add(port)
    return port
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  const listens = new Promise<boolean>(resolve => {
    server.once('error', () => resolve(false))
    server.listen(port, HOST, () => resolve(true))
  })
  if (!(await listens)) return false
  await new Promise(resolve => server.close(resolve))
  return true
}
