import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { RedisMessageStore } from '@tidings/messages'
import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { testRedis } from '../../../test/redis.ts'
import { createJobs, defineJob, JobStopped } from '../src/index.ts'
import type { Progress } from '../src/progress.ts'
import { runJob } from '../src/run-job.ts'
import { SandboxPool } from '../src/sandbox-pool.ts'
import { performJob } from '../src/testing.ts'
import { deferred, keptLog } from './definitions.ts'

let pool = new SandboxPool()
afterEach(async () => {
  await pool.close()
  pool = new SandboxPool()
})

function echo(more: { timeLimit?: number; sandbox?: URL } = {}) {
  return defineJob({
    name: 'echo',
    input: z.object({ how: z.string(), at: z.date().optional(), code: z.number().optional() }),
    sandbox: new URL('./sandbox/echo.js', import.meta.url),
    messages: { success: ({ result }: { result: unknown }) => JSON.stringify(result) ?? 'nothing' },
    ...more,
  })
}

function run(
  input: unknown,
  { definition = echo(), signal = new AbortController().signal, onProgress = (_: Progress) => {} } = {},
) {
  const { log, lines } = keptLog()
  const progress: Progress[] = []
  const ending = runJob(definition, input, {
    owner: 'ada',
    jobId: 'j1',
    attempt: 2,
    attempts: 3,
    signal,
    log,
    sandboxes: pool,
    progress: async report => {
      progress.push(report)
      onProgress(report)
    },
  })
  return { ending, lines, progress }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describe('a sandboxed job', () => {
  it('runs in a process of its own, with its input and facts', async () => {
    const at = new Date(0)
    const { ending } = run({ how: 'facts', at })
    expect(await ending).toMatchObject({
      kind: 'success',
      result: { input: { how: 'facts', at }, owner: 'ada', jobId: 'j1', attempt: 2, attempts: 3 },
    })
    const { result } = (await ending) as { result: { pid: number } }
    expect(result.pid).not.toBe(process.pid)
    expect(isAlive(result.pid)).toBe(true)
  })

  it('uses a process again for the next job, and as many as run at once', async () => {
    const pid = async (ending: Promise<unknown>) => ((await ending) as { result: { pid: number } }).result.pid
    const first = await pid(run({ how: 'facts' }).ending)
    expect(await pid(run({ how: 'facts' }).ending)).toBe(first)
    const both = await Promise.all([pid(run({ how: 'facts' }).ending), pid(run({ how: 'facts' }).ending)])
    expect(new Set(both).size).toBe(2)
    expect(pool.size).toBe(2)
  })

  it('may succeed in part', async () => {
    expect(await run({ how: 'partial' }).ending).toMatchObject({ kind: 'partial', result: { rows: 2 } })
  })

  it('reports progress', async () => {
    const { ending, progress } = run({ how: 'progress' })
    await ending
    expect(progress).toEqual([
      { fraction: 0.1, text: 'begun' },
      { fraction: 0.5, step: 2, of: 4, text: 'half' },
    ])
  })

  it('logs with what was bound, and leaves out what can not be copied', async () => {
    const { ending, lines } = run({ how: 'log' })
    await ending
    expect(lines).toMatchObject([
      {
        level: 'info',
        text: 'a line',
        facts: { part: 1, rows: 2, fn: 'function', err: expect.objectContaining({ message: 'mine' }) },
      },
    ])
  })

  it('that fails where nobody waits for it is told by the worker’s log alone', async () => {
    const host = spawn(process.execPath, [
      fileURLToPath(new URL('./sandbox/host.js', import.meta.url)),
      'uncaught',
    ])
    let printed = ''
    host.stderr.on('data', text => {
      printed += text
    })
    await once(host, 'close')
    expect(printed).toBe('')
    const { ending, lines } = run({ how: 'uncaught later' })
    expect(await ending).toMatchObject({ kind: 'success' })
    await expect
      .poll(() => lines)
      .toMatchObject([
        {
          level: 'error',
          text: 'a sandbox failed after its job had ended',
          facts: { err: expect.objectContaining({ message: 'from a timer of before' }) },
        },
      ])
    expect(await run({ how: 'partial' }).ending).toMatchObject({ kind: 'partial' })
  })

  it('may fail in words for its owner', async () => {
    expect(await run({ how: 'failure' }).ending).toMatchObject({
      kind: 'failure',
      reason: 'It is empty.',
      retry: true,
    })
  })

  it.each([
    ['error', true, /postgres:\/\/user:…@db/],
    ['string', true, /not an error was thrown: a string/],
    ['unrecoverable', false, /no use/],
    ['exit', true, /Unexpected exit of the sandbox: exit code 0/],
    ['killed', true, /Unexpected exit of the sandbox: signal SIGKILL/],
    ['uncaught', true, /from a timer/],
    ['disconnect', true, /Unexpected exit of the sandbox/],
    ['unclonable', true, /could not be cloned/],
  ])(
    'whose end is %s has failed: a fixed sentence for its owner, the rest for the log',
    async (how, retry, logged) => {
      const { ending, lines } = run({ how })
      expect(await ending).toMatchObject({
        kind: 'failure',
        retry,
        reason: expect.stringMatching(/^Something went wrong on our side \(reference \w{6}\)\.$/),
      })
      expect(lines.filter(({ level }) => level === 'error')).toMatchObject([
        { facts: { err: expect.objectContaining({ message: expect.stringMatching(logged) }) } },
      ])
      // The next one is none the worse.
      expect(await run({ how: 'partial' }).ending).toMatchObject({ kind: 'partial' })
    },
  )

  it.each([
    [
      'has no default export',
      './sandbox/no-function.js',
      /expected the default export of .*no-function.js to be a function; got undefined/,
    ],
    ['is not there', './sandbox/nowhere.js', /Cannot find module.*nowhere/],
  ])('whose module %s has failed, and the log says why', async (_, module, logged) => {
    const definition = echo({ sandbox: new URL(module, import.meta.url) })
    const { ending, lines } = run({ how: 'facts' }, { definition })
    expect(await ending).toMatchObject({ kind: 'failure' })
    expect(String(lines[0]?.facts.err)).toMatch(logged)
  })

  it('is told to stop, and why', async () => {
    const stop = new AbortController()
    const onProgress = () => stop.abort(new JobStopped('cancelled'))
    const { ending, progress } = run({ how: 'heeds' }, { signal: stop.signal, onProgress })
    expect(await ending).toMatchObject({ kind: 'cancelled', reason: 'It was cancelled.' })
    expect(progress.at(-1)?.text).toBe('AbortError cancelled')
  })

  it.each(['hangs', 'blocks'])('that %s is killed a second after its time limit', async how => {
    const { ending, progress } = run({ how }, { definition: echo({ timeLimit: 1500 }) })
    expect(await ending).toMatchObject({
      kind: 'failure',
      retry: true,
      reason: 'It took longer than 1 second and was stopped.',
    })
    const pid = Number(progress[0]?.text)
    await expect.poll(() => isAlive(pid)).toBe(false)
    await expect.poll(() => pool.size).toBe(0)
  })

  it.each(['hangs', 'blocks'])('that %s ends with its worker', async how => {
    const begun = deferred<number>()
    const { ending } = run({ how }, { onProgress: ({ text }) => begun.resolve(Number(text)) })
    const pid = await begun.promise
    await pool.close()
    expect(isAlive(pid)).toBe(false)
    expect(await ending).toMatchObject({ kind: 'failure', retry: true })
  })

  it.each(['hangs', 'blocks'])('that %s ends when its worker is killed', async how => {
    const host = spawn(process.execPath, [fileURLToPath(new URL('./sandbox/host.js', import.meta.url)), how])
    const [line] = await once(host.stdout, 'data')
    const pid = Number(line)
    expect(isAlive(pid)).toBe(true)
    host.kill('SIGKILL')
    await expect.poll(() => isAlive(pid)).toBe(false)
  })

  it('goes on when a terminal interrupts everything: its worker decides', async () => {
    const stop = new AbortController()
    const onProgress = ({ text }: Progress) => {
      if (!/^\d+$/.test(String(text))) return
      process.kill(Number(text), 'SIGINT')
      process.kill(Number(text), 'SIGTERM')
      stop.abort(new JobStopped('shutdown'))
    }
    const { ending, progress } = run({ how: 'heeds' }, { signal: stop.signal, onProgress })
    expect(await ending).toMatchObject({ kind: 'failure', retry: true })
    expect(progress.at(-1)?.text).toBe('AbortError shutdown')
  })

  it('runs in the testing kit, and by itself, and leaves no process behind', async () => {
    const { result, message } = await performJob(echo(), { how: 'partial' })
    expect(result).toEqual({ rows: 2 })
    expect(message).toMatchObject({ level: 30, text: '{"rows":2}' })
    const returned = await echo().run({
      input: { how: 'facts' },
      owner: 'ada',
      jobId: 'j1',
      attempt: 1,
      attempts: 1,
      signal: new AbortController().signal,
      log: keptLog().log,
      progress: async () => {},
    })
    expect(isAlive((returned as { pid: number }).pid)).toBe(false)
  })
})

describe('in a worker, a sandboxed job', () => {
  const { redis, prefix } = testRedis()
  const store = new RedisMessageStore({ redis, prefix })

  it('that kills its process is tried again, and its owner is told in a fixed sentence', async () => {
    const definition = defineJob({ ...echo(), attempts: 2 })
    const jobs = createJobs({ redis, store, definitions: [definition] })
    const worker = await jobs.work()
    const { id } = await jobs.enqueue(definition, { how: 'killed' }, { owner: 'ada' })
    const { id: good } = await jobs.enqueue(definition, { how: 'partial' }, { owner: 'bob' })
    await expect
      .poll(() => store.inbox('ada'), { timeout: 10_000 })
      .toMatchObject([
        {
          level: 40,
          job: id,
          text: expect.stringMatching(/^Echo: failed. Something went wrong on our side/),
        },
      ])
    expect((await jobs.find(id, { owner: 'ada' }))?.attempt).toBe(2)
    await expect.poll(() => store.inbox('bob')).toMatchObject([{ level: 30, job: good, text: '{"rows":2}' }])
    await worker.close()
    await jobs.close()
  })

  it('ends with the worker, and goes back to the queue', async () => {
    const definition = echo()
    const jobs = createJobs({ redis, store, definitions: [definition] })
    const worker = await jobs.work()
    const { id } = await jobs.enqueue(definition, { how: 'blocks' }, { owner: 'eve' })
    const told = async () => (await jobs.find(id, { owner: 'eve' }))?.progress?.text
    await expect.poll(told).toMatch(/^\d+$/)
    const pid = Number(await told())
    expect(isAlive(pid)).toBe(true)
    await worker.close({ force: true })
    expect(isAlive(pid)).toBe(false)
    expect(await jobs.find(id, { owner: 'eve' })).toMatchObject({ state: 'waiting' })
    expect(await store.inbox('eve')).toEqual([])
    await jobs.close()
  })
})
