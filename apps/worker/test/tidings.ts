import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { vi } from 'vitest'

// Each command is a process of its own, which takes seconds on a machine that has much to do.
vi.setConfig({ testTimeout: 90_000 })

const root = join(import.meta.dirname, '../../..')

/** How a command ended, and what it printed. */
export interface Ran {
  code: number | null
  out: string
  err: string
}

/** Runs the built command line, its standard input from a pipe. */
export async function tidings(
  args: readonly string[],
  env: Record<string, string>,
  input = '',
): Promise<Ran> {
  const child = spawn(process.execPath, [join(root, 'apps/worker/dist/cli.js'), ...args], {
    cwd: root,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, DEMO: '1', ...env },
  })
  const ran: Ran = { code: null, out: '', err: '' }
  child.stdout.setEncoding('utf8').on('data', text => {
    ran.out += text
  })
  child.stderr.setEncoding('utf8').on('data', text => {
    ran.err += text
  })
  child.stdin.on('error', () => {}) // a command needn't read it
  child.stdin.end(input)
  const [code] = await once(child, 'close')
  return { ...ran, code }
}
