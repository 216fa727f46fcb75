import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { Visitor } from './visitor.ts'

const root = join(import.meta.dirname, '..')

let dataDir: string
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'tidings-start-'))
})
afterEach(() => rm(dataDir, { recursive: true, force: true }))

/** `npm start`, as somebody types it, in a terminal of its own. */
function npmStart(env: Record<string, string> = {}) {
  const child = spawn('npm', ['start'], {
    cwd: root,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, PORT: '0', DATA_DIR: dataDir, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  let printed = ''
  child.stdout.on('data', text => {
    printed += text
  })
  child.stderr.on('data', text => {
    printed += text
  })
  const ended = once(child, 'close').then(([code]) => code as number | null)
  onTestFinished(() => {
    if (child.exitCode === null) process.kill(-Number(child.pid), 'SIGKILL')
  })
  return {
    ended,
    printed: () => printed,
    /** The address that it prints last. */
    async address(): Promise<string> {
      await expect.poll(() => printed, { timeout: 25_000 }).toMatch(/Ctrl-C stops everything/)
      return /Tidings is at (\S+)/.exec(printed)?.[1] ?? ''
    },
    /** Ctrl-C reaches every process of the terminal. */
    ctrlC: () => process.kill(-Number(child.pid), 'SIGINT'),
    /** A signal to npm alone, as a process manager sends it. */
    kill: (signal: NodeJS.Signals) => child.kill(signal),
  }
}

describe('npm start', { timeout: 60_000 }, () => {
  it('prints the address and the accounts last, serves the story, and ends with Ctrl-C: exit code 0, no Redis left', async () => {
    const tidings = npmStart()
    const alice = await Visitor.loggedIn(await tidings.address(), 'alice')
    expect(tidings.printed()).toMatch(/alice, bob or staff; the password is tidings-demo/)
    const { location } = await alice.submit('/jobs', '/jobs/demo', {
      label: 'first try',
      outcome: 'succeed',
      seconds: '0',
    })
    await expect
      .poll(async () => (await alice.get(location)).body, { timeout: 10_000 })
      .toContain('data-state="completed"')
    expect(tidings.printed()).toMatch(/^worker │ .*job started/m)

    tidings.ctrlC()
    expect(await tidings.ended).toBe(0)
    // Its log says so when it has left; a Redis that runs on would still answer.
    expect(await readFile(join(dataDir, 'redis', 'redis.log'), 'utf8')).toMatch(/bye bye/)
  })

  it('ends with a signal to npm alone, too', async () => {
    const tidings = npmStart()
    await tidings.address()
    tidings.kill('SIGTERM')
    expect(await tidings.ended).toBe(0)
  })

  it('starts a worker again that a job has killed, and says so', async () => {
    const tidings = npmStart()
    const alice = await Visitor.loggedIn(await tidings.address(), 'alice')
    await alice.submit('/jobs', '/jobs/demo', { label: 'bang', outcome: 'crash', seconds: '0' })
    await expect
      .poll(tidings.printed, { timeout: 20_000 })
      .toMatch(/worker was killed \(SIGKILL\); starting it again in 1 s/)
    await expect.poll(tidings.printed, { timeout: 20_000 }).toMatch(/worker is running again/)
    tidings.ctrlC()
    expect(await tidings.ended).toBe(0)
  })

  it.each([
    ['a port that is taken', { PORT: 'TAKEN' }, /port \d+ (on \S+ )?is (taken|already)/i],
    [
      'every fault in the configuration at once',
      { PORT: 'x', LOG_LEVEL: 'loud' },
      /PORT[\s\S]*LOG_LEVEL|LOG_LEVEL[\s\S]*PORT/,
    ],
    [
      'a Redis that is not there',
      { REDIS_URL: 'redis://127.0.0.1:1' },
      /Redis at redis:\/\/127\.0\.0\.1:1 does not answer \(connection refused\)/,
    ],
  ])(
    'says %s in plain sentences, without a stack, and exits with an error',
    async (_, env: Record<string, string>, words) => {
      const taken = await import('node:net').then(({ createServer }) => createServer().listen(0, '127.0.0.1'))
      await once(taken, 'listening')
      onTestFinished(() => void taken.close())
      const port = String((taken.address() as { port: number }).port)
      const tidings = npmStart({ ...env, ...(env.PORT === 'TAKEN' ? { PORT: port } : {}) })
      expect(await tidings.ended).not.toBe(0)
      expect(tidings.printed()).toMatch(words)
      expect(tidings.printed()).not.toMatch(/^\s+at /m)
    },
  )
})
