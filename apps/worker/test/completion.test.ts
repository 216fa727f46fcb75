import { execFile, execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { blogJobs, createBlog } from '@tidings/blog'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { testRedis } from '../../../test/redis.ts'
import { commandInTerminal } from './terminal.ts'
import { tidings } from './tidings.ts'

let script: string
beforeAll(async () => {
  script = (await tidings(['completion', 'bash'], {})).out
})

/** What bash offers after these words, the last of which is being typed. */
async function offered(...words: string[]): Promise<string[]> {
  const quoted = words.map(word => `'${word}'`).join(' ')
  const asking = `${script}
COMP_WORDS=(tidings ${quoted})
COMP_CWORD=${words.length}
_tidings_complete
printf '%s\\n' "\${COMPREPLY[@]}"`
  const { stdout } = await promisify(execFile)('bash', ['--norc', '-euc', asking])
  return stdout.split('\n').filter(Boolean)
}

/** What somebody types, and what is offered then: as it comes in both shells. */
const OFFERED: readonly (readonly [typed: string, offered: readonly string[]])[] = [
  ['jo', ['jobs']],
  ['jobs ', ['list', 'show', 'retry', 'cancel', 'enqueue']],
  ['users ', ['add', 'passwd', 'role', 'disable', 'enable', 'delete']],
  ['messages w', ['withdraw']],
  ['jobs list --st', ['--state']],
  ['jobs list --state ', ['waiting', 'delayed', 'active', 'completed', 'failed']],
  ['jobs list --name ', ['import-posts', 'export-posts', 'publish-post', 'demo']],
  ['jobs enqueue d', ['demo']],
  ['jobs enqueue demo --ow', ['--owner']],
  ['worker -c 3 --sto', ['--stop-when-empty']],
  ['worker -q ', ['jobs']],
  ['worker --log-format ', ['pretty', 'json']],
  ['worker --log-level=wa', ['warn']],
  ['worker --log-level t', ['trace']],
  ['messages send --level w', ['warning']],
  ['messages send Hello. --to ann --idem', ['--idempotency-key']],
  ['users add ann --role ', ['member', 'staff']],
  ['users role ann s', ['staff']],
  ['completion ', ['bash', 'zsh']],
  ['--ver', ['--version']],
]

describe('completion in bash', () => {
  it('offers the commands', async () => {
    expect(await offered('')).toEqual([
      ...['worker', 'check', 'stats', 'jobs', 'messages', 'users', 'completion'],
    ])
  })

  it.each(OFFERED)('%j: %j', async (typed, expected) => {
    // As bash itself takes words apart.
    const words = typed.split(/ |(?<==)|(?==)/)
    expect(await offered(...words)).toEqual(expected)
  })

  it('offers each flag of each command', async () => {
    const { out } = await tidings(['worker', '--help'], {})
    const flags = [...out.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm)].map(([, flag = '']) => flag)
    expect((await offered('worker', '--')).sort()).toEqual(flags.sort())
  })

  it('offers nothing itself where a value can be anything: bash offers files then', async () => {
    expect(await offered('worker', '--app', '')).toEqual([])
    expect(await offered('jobs', 'list', '--owner', 'a')).toEqual([])
  })

  it('can be switched on by a bash that knows nothing of it', async () => {
    const { stdout } = await promisify(execFile)('bash', ['--norc', '-euc', `${script}\ncomplete -p tidings`])
    expect(stdout).toBe('complete -o default -F _tidings_complete tidings\n')
  })
})

const why = hasZsh() ? undefined : 'there is no zsh on this machine (Debian: apt-get install zsh)'
if (why) console.warn(`Completion in zsh is left out: ${why}.`)
describe('completion in zsh', () => {
  it.skipIf(why !== undefined)(
    why ? `is left out: ${why}` : 'completes what is typed in a terminal: commands, flags, values',
    { timeout: 180_000 },
    async () => {
      const folder = await mkdtemp(join(tmpdir(), 'tidings-zsh-'))
      onTestFinished(() => rm(folder, { recursive: true, force: true }))
      await writeFile(join(folder, '_tidings.zsh'), (await tidings(['completion', 'zsh'], {})).out)
      const terminal = commandInTerminal(['zsh', '-f', '-i'], { HOME: folder, ZDOTDIR: folder })
      terminal.type("PS1='> '; unsetopt beep; source $HOME/_tidings.zsh; print rea''dy\r")
      await terminal.shows(/ready/)
      for (const [typed, expected] of OFFERED) {
        const before = terminal.screen().length
        // Ctrl-U empties the line for the next one.
        terminal.type(`\u0015tidings ${typed}\t`)
        const shown = (mark: string) => plain(terminal.screen().slice(before), mark)
        const [only] = expected
        if (expected.length === 1 && only !== undefined)
          await expect.poll(() => shown(''), { timeout: 30_000 }).toContain(completed(typed, only))
        else
          for (const word of expected)
            await expect.poll(() => shown(' '), { timeout: 30_000 }).toMatch(new RegExp(`\\b${word}\\b`))
      }
      terminal.type('\u0015exit\r')
      expect(await terminal.ended).toBe(0)
    },
  )
})

function hasZsh(): boolean {
  try {
    execFileSync('zsh', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** Without what moves the cursor, and zsh's own marks. */
function plain(screen: string, mark: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a terminal's own
  return screen.replace(/\u001b(\[[\d;?]*[A-Za-z]|[=>])/g, mark).replace(/[\u0007\r]/g, '')
}

/** The line once its last word is completed. */
function completed(typed: string, word: string): string {
  return word.slice(/[^ =]*$/.exec(typed)?.[0].length ?? 0)
}

const { redis } = testRedis()
it('knows the blog’s jobs by their names', () => {
  const names = Object.values(blogJobs(createBlog({ redis }), { demo: true })).map(({ name }) => name)
  const [, suggested] = OFFERED.find(([typed]) => typed === 'jobs list --name ') ?? []
  expect(names).toEqual(suggested)
})

it('there is none for another shell', async () => {
  expect(await tidings(['completion', 'fish'], {})).toMatchObject({
    code: 2,
    err: expect.stringMatching(/Allowed choices are bash, zsh/),
  })
})

it.each([['--version'], ['--help'], ['completion bash'], ['jobs list --help']])(
  '%s loads nothing heavy, so that it is there at once',
  async line => {
    const hook = `import { writeSync } from 'node:fs'
    export async function resolve(name, context, next) {
      const found = await next(name, context)
      writeSync(2, found.url + '\\n')
      return found
    }`
    const register = `import { register } from 'node:module'; register(${JSON.stringify(`data:text/javascript,${encodeURIComponent(hook)}`)})`
    const hooks = `--import=data:text/javascript,${encodeURIComponent(register)}`
    const { code, err } = await tidings(line.split(' '), { NODE_OPTIONS: hooks })
    expect(code).toBe(0)
    expect(err).toMatch(/\/commander\//)
    expect(err.match(/\/(zod|ioredis|bullmq|pino|prom-client|@opentelemetry)\//g)).toBe(null)
  },
)
