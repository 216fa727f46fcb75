import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'

const root = join(import.meta.dirname, '../../..')

/** A command in a terminal, as `script` of util-linux makes one. */
export interface Terminal {
  /** All that has come to the screen. */
  screen(): string
  /** Waits until the screen has it. */
  shows(words: RegExp): Promise<void>
  /** What somebody types; '\u0003' is Ctrl-C. */
  type(text: string): void
  readonly ended: Promise<number | null>
}

/** Runs the command line in a terminal. */
export function inTerminal(args: readonly string[], env: Record<string, string>): Terminal {
  return commandInTerminal([process.execPath, join(root, 'apps/worker/dist/cli.js'), ...args], env)
}

/** Runs any command in a terminal. */
export function commandInTerminal(words: readonly string[], env: Record<string, string>): Terminal {
  const command = words.map(word => `'${word.replaceAll("'", "'\\''")}'`).join(' ')
  const child = spawn('script', ['-qefc', command, '/dev/null'], {
    cwd: root,
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      TERM: 'xterm',
      SHELL: '/bin/sh',
      DEMO: '1',
      ...env,
    },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let screen = ''
  child.stdout.setEncoding('utf8').on('data', text => {
    screen += text
  })
  return {
    screen: () => screen,
    shows: async words => expect.poll(() => screen, { timeout: 30_000 }).toMatch(words),
    type: text => void child.stdin.write(text),
    ended: once(child, 'close').then(([code]) => code),
  }
}
