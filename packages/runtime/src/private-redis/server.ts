import { spawn } from 'node:child_process'
import { readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Logger } from 'pino'
import { NoRedisError } from '../no-redis-error.ts'
import { askOnce } from '../redis-connection.ts'
import { mendAppendOnlyFile } from './append-only-file.ts'
import { chooseEndpoint, type Endpoint, endpointOptions, readEndpoint, writeEndpoint } from './endpoint.ts'
import { findServerBinary, type ServerBinary, serverName } from './server-binary.ts'
import { livingServer, writtenPid } from './server-process.ts'

const START_LIMIT = 60_000
const STOP_LIMIT = 10_000

/** Where things happen, what they are told to. */
export interface ServerContext {
  /** The server's folder. */
  directory: string
  dataDir: string
  log: Logger
}

/**
 * Adopts the server of this directory if it lives, else mends its data and starts it. Call it under the lock.
 *
 * @returns where it listens, and whether it was started just now
 * @throws NoRedisError when there is no server to start, or it doesn't answer
 */
export async function ensureServer(
  context: ServerContext,
): Promise<{ endpoint: Endpoint; started: boolean }> {
  const { directory } = context
  const last = await readEndpoint(directory)
  const pid = await livingServer(directory)
  if (pid !== undefined && last !== undefined && (await answers(last, pid, directory))) {
    return { endpoint: last, started: false }
  }
  if (pid !== undefined) await endUnreachableServer(pid)
  const binary = await findServerBinary(context.log, context.dataDir)
  const unclean = (await writtenPid(directory)) !== undefined
  const rewrite = unclean && !(await mendAppendOnlyFile(directory, binary, context.log))
  const endpoint = await startServer(context, binary, last)
  if (rewrite) await writeFileAnew(endpoint)
  return { endpoint, started: true }
}

/** Shuts the server down and waits until its process is gone. Call it under the lock. */
export async function stopServer(endpoint: Endpoint, directory: string): Promise<void> {
  const pid = await livingServer(directory)
  // The connection ends without an answer, which ioredis reports as a failure.
  await askOnce(endpointOptions(endpoint), redis => redis.call('SHUTDOWN')).catch(() => {})
  if (pid !== undefined && !(await isGone(pid, STOP_LIMIT)))
    throw new NoRedisError(
      `The private Redis (process ${pid}) did not stop within ${STOP_LIMIT / 1_000} s. End it by: kill ${pid}`,
    )
}

async function answers(endpoint: Endpoint, pid: number, directory: string): Promise<boolean> {
  const deadline = Date.now() + START_LIMIT
  for (;;) {
    const reply = await ping(endpoint)
    if (reply === 'pong') return true
    if (reply === 'none' || (await livingServer(directory)) === undefined) return false
    // It is there and reads its data, which may last; or it is stopped, and must not get a twin.
    if (reply === 'silent' || Date.now() > deadline)
      throw new NoRedisError(
        `The private Redis (process ${pid}) runs and does not answer. End it by: kill -9 ${pid} (what it acknowledged is kept).`,
      )
    await pause(100)
  }
}

async function ping(endpoint: Endpoint): Promise<'pong' | 'loading' | 'silent' | 'none'> {
  try {
    await askOnce(endpointOptions(endpoint), redis => redis.ping(), 3_000)
    return 'pong'
  } catch (error) {
    const text = error instanceof Error ? error.message : ''
    if (/LOADING/.test(text)) return 'loading'
    return /no answer|timed? ?out|ETIMEDOUT/i.test(text) ? 'silent' : 'none'
  }
}

async function endUnreachableServer(pid: number): Promise<void> {
  process.kill(pid, 'SIGTERM')
  if (!(await isGone(pid, STOP_LIMIT)))
    throw new NoRedisError(
      `An old private Redis (process ${pid}) can't be reached and does not stop. End it by: kill -9 ${pid}`,
    )
}

async function startServer(
  context: ServerContext,
  binary: ServerBinary,
  last: Endpoint | undefined,
): Promise<Endpoint> {
  const { directory } = context
  let endpoint = await chooseEndpoint(directory, { last })
  let failure = await tryToStart(directory, binary, endpoint)
  if (failure !== undefined && /unix socket/i.test(failure)) {
    // Some file systems hold no sockets.
    endpoint = await chooseEndpoint(directory, { last, avoidSocket: true })
    failure = await tryToStart(directory, binary, endpoint)
  }
  if (failure === undefined) return endpoint
  throw new NoRedisError(
    `The private Redis did not start: ${failure} Its log is ${join(directory, 'redis.log')}.`,
  )
}

/** Starts the server; gives the reason when it doesn't come up. */
async function tryToStart(
  directory: string,
  binary: ServerBinary,
  endpoint: Endpoint,
): Promise<string | undefined> {
  await writeEndpoint(directory, endpoint)
  await shortenLog(directory)
  const conf = join(directory, 'redis.conf')
  await writeFile(conf, configuration(directory, endpoint), { mode: 0o600 })
  const child = spawn(binary.file, [conf], {
    argv0: serverName(binary.file),
    cwd: directory,
    detached: true,
    // Nothing of ours belongs into the server's environment, least of all a secret.
    env: { PATH: process.env.PATH, LD_LIBRARY_PATH: process.env.LD_LIBRARY_PATH, ...binary.env },
    stdio: 'ignore',
  })
  let ended: string | undefined
  child.once('error', error => {
    ended = error.message
  })
  child.once('exit', (code, signal) => {
    ended = `it ended at once (${signal ?? `code ${code}`})`
  })
  child.unref()
  const deadline = Date.now() + START_LIMIT
  while (Date.now() < deadline) {
    if (ended !== undefined) return (await lastLogLine(directory)) ?? `${ended}.`
    if ((await ping(endpoint)) === 'pong') return undefined
    await pause(10)
  }
  child.kill('SIGTERM')
  return `it did not answer within ${START_LIMIT / 1_000} s.`
}

function configuration(directory: string, endpoint: Endpoint): string {
  const where =
    'socket' in endpoint
      ? { port: '0', unixsocket: endpoint.socket, unixsocketperm: '600' }
      : { bind: '127.0.0.1', port: String(endpoint.port), requirepass: endpoint.password }
  const settings = {
    dir: directory,
    ...where,
    daemonize: 'no',
    pidfile: join(directory, 'redis.pid'),
    logfile: join(directory, 'redis.log'),
    appendonly: 'yes',
    // Not everysec: while its fsync lasts, Redis acknowledges writes that it has not even handed to the kernel, and a
    // kill -9 loses them (measured on a slow disk: thousands).
    appendfsync: 'always',
    save: '',
    'maxmemory-policy': 'noeviction',
  }
  return Object.entries(settings)
    .map(([name, value]) => `${name} ${quoted(value)}\n`)
    .join('')
}

function quoted(value: string): string {
  return `"${value.replace(/[\\"]/g, '\\$&').replace(/\n/g, '\\n')}"`
}

async function writeFileAnew(endpoint: Endpoint): Promise<void> {
  const deadline = Date.now() + START_LIMIT
  await askOnce(endpointOptions(endpoint), redis => redis.bgrewriteaof())
  for (;;) {
    const info = await askOnce(endpointOptions(endpoint), redis => redis.info('persistence'))
    if (!/aof_rewrite_(in_progress|scheduled):1/.test(info)) return
    if (Date.now() > deadline)
      throw new NoRedisError('The private Redis could not write its file anew. See redis.log in its folder.')
    await pause(20)
  }
}

async function isGone(pid: number, limit: number): Promise<boolean> {
  const deadline = Date.now() + limit
  while (isRunning(pid) && !(await isZombie(pid))) {
    if (Date.now() > deadline) return false
    await pause(10)
  }
  return true
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

// In a container without an init nobody waits for a dead orphan.
async function isZombie(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  return /^\d+ \(.*\) [ZX]/s.test(status)
}

async function shortenLog(directory: string): Promise<void> {
  const file = join(directory, 'redis.log')
  const size = await stat(file).then(
    ({ size }) => size,
    () => 0,
  )
  if (size > 1024 * 1024) await rm(file)
}

async function lastLogLine(directory: string): Promise<string | undefined> {
  const text = await readFile(join(directory, 'redis.log'), 'utf8').catch(() => '')
  const line = text
    .trimEnd()
    .split('\n')
    .at(-1)
    ?.replace(/^\S+ \d+ \w+ \d+ \S+ [.\-*#] /, '')
  return line === undefined || line === '' ? undefined : `${line.replace(/\.?$/, '.')}`
}
