import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, vi } from 'vitest'

/** A program of ours that runs, what it printed, and how it ended. */
export interface Running {
  readonly process: ChildProcess
  readonly pid: number
  output(): string
  /** Waits until the output matches. */
  says(expected: RegExp, timeout?: number): Promise<RegExpMatchArray>
  /** Waits until it ended; the exit code, or the name of the signal. */
  ended(timeout?: number): Promise<number | string>
}

const running: ChildProcess[] = []
const directories: string[] = []

afterEach(async () => {
  for (const child of running.splice(0)) if (child.exitCode === null) child.kill('SIGKILL')
  for (const directory of directories.splice(0)) {
    const pid = await serverPid(join(directory, 'data'))
    if (pid !== undefined && isRunning(pid)) process.kill(pid, 'SIGKILL')
    await rm(directory, { recursive: true, force: true, maxRetries: 5 })
  }
})

/** A fresh directory; it is removed after the test, and a private Redis in its `data` is ended. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'tidings-'))
  directories.push(directory)
  return directory
}

/** Runs one of the programs in `test/programs` with plain node. */
export function runProgram(
  name: string,
  args: string[] = [],
  env: NodeJS.ProcessEnv = {},
  cwd?: string,
): Running {
  const script = fileURLToPath(new URL(`./programs/${name}`, import.meta.url))
  const child = spawn(process.execPath, [script, ...args], {
    cwd,
    env: { ...process.env, REDIS_URL: '', NO_COLOR: '1', npm_lifecycle_event: undefined, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.push(child)
  let output = ''
  const collect = (chunk: Buffer) => {
    output += chunk.toString()
  }
  child.stdout.on('data', collect)
  child.stderr.on('data', collect)
  const closed = new Promise<number | string>(resolve => {
    child.once('close', (code, signal) => resolve(signal ?? code ?? 'nothing'))
  })
  return {
    process: child,
    pid: child.pid ?? 0,
    output: () => output,
    says: (expected, timeout = 20_000) =>
      vi.waitFor(
        () => {
          const match = expected.exec(output)
          if (match === null) throw new Error(`waiting for ${expected}, got:\n${output}`)
          return match
        },
        { timeout, interval: 10 },
      ),
    async ended(timeout = 20_000) {
      const limit = new Promise<never>((_, reject) => {
        setTimeout(() => reject(new Error(`still running:\n${output}`)), timeout).unref()
      })
      return Promise.race([closed, limit])
    },
  }
}

/** The process id that the private Redis of a data directory wrote down. */
export async function serverPid(dataDir: string): Promise<number | undefined> {
  const text = await readFile(join(dataDir, 'redis', 'redis.pid'), 'utf8').catch(() => '')
  return text === '' ? undefined : Number.parseInt(text, 10)
}

/** Whether a process lives; a dead one that nobody waited for doesn't. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}
