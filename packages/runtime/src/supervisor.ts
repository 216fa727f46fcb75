import { fileURLToPath } from 'node:url'
import { levels } from 'pino'
import { z } from 'zod'
import { ConfigError, loadConfig } from './config.ts'
import { loadEnvFile } from './env-file.ts'
import type { LogRecord } from './log-line.ts'
import { createLogger } from './logger.ts'
import { PlainError, printFatal } from './plain-error.ts'
import { openRedis } from './redis.ts'
import type { ChildSpec } from './supervisor/child.ts'
import { labelled, readableLine } from './supervisor/output.ts'
import { printLine, stopRequests, supervise } from './supervisor/supervise.ts'
import { variables } from './variables.ts'

export type { Backoff, ChildSpec } from './supervisor/child.ts'
export {
  printLine,
  type StopRequests,
  type SuperviseOptions,
  stopRequests,
  supervise,
} from './supervisor/supervise.ts'

/**
 * What `npm start` runs: the web process and one worker in one terminal, from the current directory. It holds the
 * private Redis itself, so that it is started once and a fault is told once.
 *
 * @param schemas the configurations of the processes, to have every fault told at once; the shared variables by default
 * @returns when everything has ended; the exit code is set
 */
export async function startTidings(schemas: readonly z.ZodObject[] = []): Promise<void> {
  const stop = stopRequests()
  stopWithNpm(() => stop.request('SIGTERM'))
  try {
    loadEnvFile()
    const demo = process.env.NODE_ENV !== 'production'
    const environment: NodeJS.ProcessEnv = { ...process.env, ...(demo ? { DEMO: '1' } : {}) }
    const config = checkAll([z.object(variables), ...schemas], environment)
    const hideBelow =
      config.LOG_LEVEL === 'silent' ? Number.POSITIVE_INFINITY : (levels.values[config.LOG_LEVEL] ?? 30)
    // The lines that say "ready" are of level info: they have to come, also when they aren't shown.
    if (hideBelow > 30) environment.LOG_LEVEL = 'info'
    const log = createLogger({
      name: 'start',
      level: config.LOG_LEVEL,
      format: 'json',
      destination: { write: printRecord },
    })
    const redis = await openRedis({ url: config.REDIS_URL, dataDir: config.DATA_DIR, log })
    process.exitCode = await supervise({
      children: [web(environment), worker(environment)].map(spec => ({ ...spec, hideBelow })),
      whenReady: async records => {
        await untilHealthy(addressOf(records.get('web')))
        printBanner(addressOf(records.get('web')), demo)
      },
      release: () => redis.close(),
      stop,
    })
  } catch (error) {
    printFatal(error)
  }
  // A connection attempt or a timer of a library must not keep a finished supervisor alive.
  setTimeout(() => process.exit(), 1_000).unref()
}

function checkAll(schemas: [z.ZodObject<typeof variables>, ...z.ZodObject[]], env: NodeJS.ProcessEnv) {
  const faults = schemas.flatMap(schema => {
    try {
      loadConfig(schema, env)
      return []
    } catch (error) {
      if (error instanceof ConfigError) return error.faults
      throw error
    }
  })
  const texts = faults.map(fault => `${fault.variable}: ${fault.text}`)
  if (faults.length > 0)
    throw new ConfigError(faults.filter((_, index) => texts.indexOf(texts[index] ?? '') === index))
  return loadConfig(schemas[0], env)
}

function web(env: NodeJS.ProcessEnv): ChildSpec {
  return {
    name: 'web',
    called: 'web process',
    command: node('apps/web/dist/server.js'),
    env,
    isReady: record => addressOf(record) !== undefined,
  }
}

function worker(env: NodeJS.ProcessEnv): ChildSpec {
  return {
    name: 'worker',
    command: node('apps/worker/dist/cli.js', 'worker'),
    // The web process has the port itself.
    env: { ...env, ...(Number(env.HEALTH_PORT) > 0 && { HEALTH_PORT: String(Number(env.HEALTH_PORT) + 1) }) },
    isReady: record => record.ready === true,
  }
}

function node(...args: string[]): [string, ...string[]] {
  const leaveWithParent = new URL('./supervisor/leave-with-parent.js', import.meta.url)
  return [
    process.execPath,
    '--import',
    leaveWithParent.href,
    ...args.slice(0, 1).map(script),
    ...args.slice(1),
  ]
}

function script(path: string): string {
  return fileURLToPath(new URL(`../../../${path}`, import.meta.url))
}

function addressOf(record: LogRecord | undefined): string | undefined {
  return typeof record?.address === 'string' && URL.canParse(record.address) ? record.address : undefined
}

async function untilHealthy(address: string | undefined): Promise<void> {
  const deadline = Date.now() + 20_000
  for (;;) {
    const answer = await fetch(new URL('/healthz', address), { signal: AbortSignal.timeout(2_000) }).catch(
      () => undefined,
    )
    if (answer?.ok === true) return
    if (Date.now() > deadline) throw new PlainError(`The web process does not answer at ${address}.`)
    await new Promise(resolve => setTimeout(resolve, 100))
  }
}

function printBanner(address: string | undefined, demo: boolean): void {
  const accounts = demo ? ['Log in as alice, bob or staff; the password is tidings-demo.'] : []
  printLine(['', `Tidings is at ${address}`, ...accounts, 'Ctrl-C stops everything.', ''].join('\n'))
}

function printRecord(line: string): void {
  printLine(labelled('start', 6, readableLine(line.trimEnd()).text))
}

/** `kill` on npm ends npm alone; then nobody would be left to stop us. */
function stopWithNpm(stop: () => void): void {
  if (process.env.npm_lifecycle_event === undefined) return
  const parent = process.ppid
  setInterval(() => {
    if (process.ppid !== parent) stop()
  }, 250).unref()
}
