import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, inject, onTestFinished } from 'vitest'

const clone = join(import.meta.dirname, '..')

/** A line of a process's log. */
export type LogLine = Record<string, unknown> & { msg: string }

/** A real process of Tidings, started from its build. */
export interface TidingsProcess {
  readonly child: ChildProcess
  readonly pid: number
  /** All that it has logged so far. */
  readonly log: readonly LogLine[]
  /** All that it has printed on standard error. */
  stderr(): string
  /** The first line that fits, as soon as it is there; fails when the process ends before. */
  logged(fits: (line: LogLine) => boolean): Promise<LogLine>
  /** How it ended, when it has. */
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
  /** Sends a signal; gives exit code and signal when it has ended. */
  end(signal: NodeJS.Signals): Promise<{ code: number | null; signal: NodeJS.Signals | null }>
}

/** Starts the web process on a free port; gives its address. */
export async function startWeb(env: Record<string, string>): Promise<TidingsProcess & { address: string }> {
  const process = start(['apps/web/dist/server.js'], { PORT: '0', ...redisOf('web'), ...env })
  const { address } = await process.logged(({ ready }) => ready === true)
  return { ...process, address: String(address) }
}

/** Starts a worker; gives it when it takes jobs. */
export async function startWorker(env: Record<string, string>, ...args: string[]): Promise<TidingsProcess> {
  const process = start(['apps/worker/dist/cli.js', 'worker', ...args], { ...redisOf('worker'), ...env })
  await process.logged(({ ready }) => ready === true)
  return process
}

// By default each test's processes have a private Redis of their own; in a run with users they share the run's.
function redisOf(role: 'web' | 'worker'): Record<string, string> {
  const users = inject('redisUsers')
  return users ? { REDIS_URL: users[role] } : {}
}

/** Where a process is to run; this machine and this clone by default. */
export interface Whereabouts {
  /** The folder of the repository, or of a release of it. */
  readonly root?: string
  /** What stands before the command, such as what brings it to another host. */
  readonly through?: readonly string[]
  /** Told of the process. */
  runs?(child: ChildProcess): void
}

/** Starts a script of the repository with node; it is killed when the test file ends, if it hasn't ended by then. */
export function start(
  [script = '', ...args]: string[],
  env: Record<string, string>,
  { root = clone, through = [], runs }: Whereabouts = {},
): TidingsProcess {
  const [command = '', ...rest] = [...through, process.execPath, join(root, script), ...args]
  const child = spawn(command, rest, {
    cwd: root,
    // Nothing of the surroundings: a REDIS_URL of whoever runs the tests must not be used by them.
    env: { PATH: process.env.PATH, HOME: process.env.HOME, DEMO: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  runs?.(child)
  const log: LogLine[] = []
  const waiting = new Set<() => void>()
  const told = () => {
    for (const look of waiting) look()
  }
  let stderr = ''
  child.stderr.on('data', text => {
    stderr += text
  })
  createInterface({ input: child.stdout }).on('line', line => {
    log.push(line.startsWith('{') ? JSON.parse(line) : { msg: line })
    told()
  })
  const ended = once(child, 'close').then(([code, signal]) => {
    told()
    return { code, signal }
  })
  killAtTheEnd(child)

  return {
    child,
    pid: Number(child.pid),
    log,
    ended,
    stderr: () => stderr,
    logged: fits =>
      new Promise((resolve, reject) => {
        const look = () => {
          const line = log.find(fits)
          if (line) resolve(line)
          else if (child.exitCode !== null || child.signalCode !== null)
            reject(new Error(`${script} has ended:\n${stderr}`))
          else return
          waiting.delete(look)
        }
        waiting.add(look)
        look()
      }),
    end: signal => {
      child.kill(signal)
      return ended
    },
  }
}

function killAtTheEnd(child: ChildProcess): void {
  const kill = () => void child.kill('SIGKILL')
  try {
    onTestFinished(kill)
  } catch {
    afterAll(kill)
  }
}
