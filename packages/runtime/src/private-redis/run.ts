import { spawn } from 'node:child_process'

/** How a program ended. `code` is null when it couldn't be started or took too long. */
export interface Ran {
  code: number | null
  output: string
}

/** Options of `run`. */
export interface RunOptions {
  /** What the program sees as its own name, which decides what Redis' one binary does. */
  argv0?: string
  cwd?: string
  env?: NodeJS.ProcessEnv
  /** Written to its standard input. */
  input?: string
  /** Milliseconds after which it is killed. */
  limit: number
}

/** Runs a program to its end and collects what it printed; never throws. */
export function run(
  file: string,
  args: string[],
  { limit, input = '', ...options }: RunOptions,
): Promise<Ran> {
  return new Promise(resolve => {
    // Not execFile: that ignores argv0.
    const child = spawn(file, args, options)
    const timer = setTimeout(() => child.kill('SIGKILL'), limit)
    let output = ''
    const collect = (chunk: Buffer) => {
      output += chunk.toString()
    }
    child.stdout.on('data', collect)
    child.stderr.on('data', collect)
    const done = (code: number | null) => {
      clearTimeout(timer)
      resolve({ code, output })
    }
    child.once('error', () => done(null))
    child.once('close', done)
    child.stdin.on('error', () => {})
    child.stdin.end(input)
  })
}
