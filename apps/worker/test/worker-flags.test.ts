import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createJobs } from '@tidings/jobs'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { start, startWorker } from '../../../test/process.ts'
import { openScene, type Scene } from './scene.ts'
import { commandInTerminal, inTerminal } from './terminal.ts'

const CLI = 'apps/worker/dist/cli.js'

let scene: Scene
let env: Record<string, string>
beforeAll(async () => {
  scene = await openScene()
  env = { DATA_DIR: scene.dataDir }
})
afterAll(() => scene.close())
beforeEach(async () => {
  await scene.redis.flushdb()
})

const run = (...args: string[]) => start([CLI, 'worker', ...args], env)
const waiting = async () => (await scene.jobs.stats()).waiting

describe('tidings worker, for a while', () => {
  it('--once runs one job and leaves, and leaves at once where there is none: exit code 0', async () => {
    await scene.demo()
    await scene.demo()
    expect((await run('--once').ended).code).toBe(0)
    expect(await waiting()).toBe(1)
    expect((await run('--once').ended).code).toBe(0)
    const idle = run('--once')
    expect((await idle.ended).code).toBe(0)
    expect(idle.log.map(({ msg }) => msg)).toContain('no job waits any more: leaving')
  })

  it('--once with a job that fails leaves with 0, too: the worker did what it should', async () => {
    const { find } = await scene.demo({ outcome: 'fail' })
    expect((await run('--once').ended).code).toBe(0)
    expect((await find())?.state).toBe('failed')
  })

  it('--once takes one job of all its queues', async () => {
    await scene.demo()
    const { redis, store, jobs } = scene
    const other = createJobs({ redis, store, definitions: [...jobs.definitions.values()], queue: 'other' })
    const [definition] = [...jobs.definitions.values()].filter(({ name }) => name === 'demo')
    if (!definition) throw new Error('the demo job is missing')
    await other.enqueue(definition, {}, { owner: 'somebody' })
    expect((await run('--once', '-q', 'jobs', '-q', 'other').ended).code).toBe(0)
    expect((await waiting()) + (await other.stats()).waiting).toBe(1)
    expect((await run('--queue', 'other', '--queue', 'jobs', '--stop-when-empty').ended).code).toBe(0)
    expect((await waiting()) + (await other.stats()).waiting).toBe(0)
    await other.close()
  })

  it('--stop-when-empty runs what waits and leaves', async () => {
    const all = await Promise.all(Array.from({ length: 7 }, () => scene.demo()))
    expect((await run('--stop-when-empty', '-c', '3').ended).code).toBe(0)
    for (const { find } of all) expect((await find())?.state).toBe('completed')
  })

  it('--max-jobs leaves after so many', async () => {
    for (let i = 0; i < 5; i++) await scene.demo()
    expect((await run('--max-jobs', '3', '-c', '2').ended).code).toBe(0)
    expect(await waiting()).toBe(2)
  })

  it('--max-time leaves when it is over, and finishes what runs', async () => {
    const { find } = await scene.demo({ seconds: 2 })
    const worker = run('--max-time', '1')
    expect((await worker.ended).code).toBe(0)
    expect(worker.log.map(({ msg }) => msg).join('\n')).toContain('its time is over: stopping')
    expect((await find())?.state).toBe('completed')
  })

  it('--timeout is how long running jobs may take after a signal: then they go back, with exit code 1', async () => {
    const { id, find } = await scene.demo({ seconds: 60 })
    const worker = await startWorker(env, '--timeout', '0.2')
    await worker.logged(({ jobId, msg }) => jobId === id && msg === 'job started')
    expect((await worker.end('SIGTERM')).code).toBe(1)
    expect(await find()).toMatchObject({ state: 'waiting', attempt: 0 })
  })
})

describe('tidings worker, what it says', () => {
  it('--log-format and --log-level decide how it logs', async () => {
    const pretty = run('--once', '--log-format', 'pretty')
    await pretty.ended
    expect(pretty.log.map(({ msg }) => msg)).toContainEqual(
      expect.stringMatching(/^\d\d:\d\d:\d\d Tidings worker [\d.]+ takes jobs/),
    )
    const silent = run('--once', '--log-level', 'error')
    await silent.ended
    expect(silent.log).toEqual([])
  })

  it('has its first line before it looks for Redis', async () => {
    const worker = run()
    const first = await worker.logged(() => true)
    expect(first.msg).toMatch(/^Tidings worker [\d.]+ starts as process \d+$/)
    await worker.end('SIGTERM')
  })

  it('on a terminal has a line that tells how far it is, and two Ctrl-C that mean what it says', async () => {
    const { id } = await scene.demo({ seconds: 60 })
    const terminal = inTerminal(['worker'], env)
    await terminal.shows(/1 running · 0 done · 0 failed · 0\.0 per second/)
    terminal.type('\u0003')
    await terminal.shows(/stopping: 1 running job is finished first; once more to leave at once/)
    expect(terminal.screen()).toContain(id)
    // A second one counts half a second later.
    const again = setInterval(() => terminal.type('\u0003'), 300)
    expect(await terminal.ended).toBe(130)
    clearInterval(again)
    expect(terminal.screen()).toContain('\u001b[2m')
  })

  it('has no colours with NO_COLOR, and no line that changes where the terminal can do nothing', async () => {
    const terminal = inTerminal(['worker', '--once'], { ...env, NO_COLOR: '1', TERM: 'dumb' })
    expect(await terminal.ended).toBe(0)
    expect(terminal.screen()).toContain('takes jobs')
    expect(terminal.screen()).not.toContain('\u001b')
  })

  it('cuts that line where the terminal is narrow, so that it stays one', async () => {
    const command = `stty cols 20; exec '${process.execPath}' ${CLI} worker --stop-when-empty`
    const terminal = commandInTerminal(['sh', '-c', command], env)
    expect(await terminal.ended).toBe(0)
    expect(terminal.screen()).toContain('\r\u001b[K0 running · 0 done \r')
    expect(terminal.screen()).not.toContain('failed')
  })

  it('goes on when nobody reads what it logs', async () => {
    const worker = await startWorker(env)
    worker.child.stdout?.destroy()
    const { find } = await scene.demo()
    await expect.poll(async () => (await find())?.state, { timeout: 30_000 }).toBe('completed')
    expect(await worker.end('SIGTERM')).toEqual({ code: 0, signal: null })
  })
})

describe('tidings worker --app', () => {
  const module = async (name: string, text: string) => {
    const file = join(import.meta.dirname, '../../../node_modules/.cache/tidings-app', name)
    await mkdir(join(file, '..'), { recursive: true })
    await writeFile(file, text)
    return file
  }
  const GREET = `import { defineJob } from '@tidings/jobs'
const input = { '~standard': { version: 1, vendor: 'test', validate: value => ({ value }) } }
const greet = defineJob({ name: 'greet', title: 'Greet', input, run: async () => 1, messages: { success: () => 'Hello.' } })
`

  it.each([
    ['a list by default', 'export default [greet]'],
    ['an object by name', 'export const definitions = { greet }'],
    ['a function', 'export default async ({ redis, store, log }) => redis && store && log ? [greet] : []'],
  ])('runs the jobs of a module that exports %s', async (what, end) => {
    const file = await module(`${what.replaceAll(' ', '-')}.mjs`, `${GREET}${end}`)
    const { defineJob } = await import('@tidings/jobs')
    const { z } = await import('zod')
    const greet = defineJob({
      name: 'greet',
      input: z.object({}),
      run: async () => 1,
      messages: { success: () => '' },
    })
    const { redis, store } = scene
    const jobs = createJobs({ redis, store, definitions: [greet], sweepEvery: 0 })
    await jobs.enqueue(greet, {}, { owner: 'ann' })
    expect((await run('--once', '--app', file).ended).code).toBe(0)
    expect((await store.inbox('ann')).map(({ text }) => text)).toEqual(['Hello.'])
    await jobs.close()
  })

  it.each([
    ['is not there', undefined, /no such module\. Name a file/],
    ['exports nothing', '', /the module exports nothing/],
    ['exports something else', 'export default { run: 1 }', /expected job definitions[^\n]*got number 1/],
    ['exports no job', 'export default []', /expected job definitions[^\n]*got none/],
    ['throws', 'throw new Error("not today")', /can't be loaded: not today \(file:.*throws\.mjs:1/],
    [
      'never comes to its end',
      'setInterval(() => {}, 1000); await new Promise(() => {}); export default []',
      /isn't loaded yet after 10 s/,
    ],
    ['has a mistake in it', 'export default [', /can't be loaded: Unexpected end of input/],
  ])('refuses a module that %s, in a sentence: exit code 78', async (what, text, words) => {
    const file = text === undefined ? './nowhere.js' : await module(`${what.replaceAll(' ', '-')}.mjs`, text)
    const worker = run('--app', file)
    expect((await worker.ended).code).toBe(78)
    expect(worker.stderr()).toMatch(words)
    expect(worker.stderr()).not.toMatch(/^\s+at /m)
  })
})

describe('tidings worker and a Redis that can not be used', () => {
  it.each([['--once'], ['--stop-when-empty']])('%s: exit code 75 where it is away', async flag => {
    const worker = start([CLI, 'worker', flag], { REDIS_URL: 'redis://:geheim@127.0.0.1:1' })
    expect((await worker.ended).code).toBe(75)
    expect(worker.stderr()).toMatch(/^Redis at redis:\/\/127\.0\.0\.1:1 does not answer/)
    expect(worker.stderr()).not.toMatch(/^\s+at |geheim/m)
  })

  it('otherwise it goes on trying, says so, and can be stopped', async () => {
    const worker = start([CLI, 'worker'], { REDIS_URL: 'redis://:geheim@127.0.0.1:1' })
    await worker.logged(({ msg }) => /does not answer .* Trying again until it does\.$/.test(msg))
    expect(await worker.end('SIGTERM')).toEqual({ code: 0, signal: null })
    expect(JSON.stringify(worker.log)).not.toContain('geheim')
  })

  it.each(['allkeys-lru', 'volatile-ttl'])(
    'refuses one that throws data away (%s): exit code 78',
    async policy => {
      await scene.redis.config('SET', 'maxmemory-policy', policy)
      const worker = run()
      expect((await worker.ended).code).toBe(78)
      await scene.redis.config('SET', 'maxmemory-policy', 'noeviction')
      expect(worker.stderr()).toMatch(/throws away data[^\n]*noeviction/)
    },
  )
})
