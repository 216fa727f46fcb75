import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { decodeFailure, decodeReason, encodeCancelled, encodeReason } from '../src/failed-reason.ts'
import { defineJob, JobFailure, JobStopped, partial } from '../src/index.ts'
import type { Progress } from '../src/progress.ts'
import { runJob } from '../src/run-job.ts'
import { timeInWords } from '../src/time-in-words.ts'
import { deferred, jobThat, keptLog } from './definitions.ts'

function attempt(definition: ReturnType<typeof jobThat>, signal = new AbortController().signal) {
  const { log, lines } = keptLog()
  const progress: Progress[] = []
  const ending = runJob(
    definition,
    {},
    {
      owner: 'ada',
      jobId: 'j1',
      attempt: 1,
      attempts: 3,
      signal,
      log,
      progress: async report => void progress.push(report),
    },
  )
  return { ending, lines, progress }
}

const FIXED = /^Something went wrong on our side \(reference [2-9A-Z]{6}\)\.$/

describe('an attempt', () => {
  it('ends in success, or in part', async () => {
    expect(await attempt(jobThat(() => ({ rows: 1 }))).ending).toMatchObject({
      kind: 'success',
      result: { rows: 1 },
    })
    expect(await attempt(jobThat(() => undefined)).ending).toMatchObject({
      kind: 'success',
      result: undefined,
    })
    expect(await attempt(jobThat(() => partial(2))).ending).toMatchObject({ kind: 'partial', result: 2 })
  })

  it('fails in words for the owner, and is tried again only where the job asks for it', async () => {
    const failing = (options?: { retry: boolean }) =>
      attempt(
        jobThat(() => {
          throw new JobFailure('It is empty.', options)
        }),
      )
    const { ending, lines } = failing()
    expect(await ending).toMatchObject({ kind: 'failure', reason: 'It is empty.', retry: false })
    expect(lines).toEqual([])
    expect(await failing({ retry: true }).ending).toMatchObject({ retry: true })
  })

  it('cuts what a JobFailure says, and says something where it says nothing', async () => {
    const failing = (text: string) =>
      attempt(
        jobThat(() => {
          throw new JobFailure(text)
        }),
      ).ending as Promise<{ reason: string }>
    expect((await failing('x'.repeat(10_000_000))).reason).toHaveLength(2000)
    expect((await failing(' ')).reason).toMatch(FIXED)
  })

  it('knows a JobFailure and a partial result of another copy of the package', async () => {
    vi.resetModules()
    const other = await import('../src/index.ts')
    expect(other.JobFailure).not.toBe(JobFailure)
    const failing = jobThat(() => {
      throw new other.JobFailure('It is empty.', { retry: true })
    })
    expect(await attempt(failing).ending).toMatchObject({ reason: 'It is empty.', retry: true })
    expect(await attempt(jobThat(() => other.partial(1))).ending).toMatchObject({
      kind: 'partial',
      result: 1,
    })
  })

  it('is not tried again after an UnrecoverableError, whoever made it', async () => {
    const failing = jobThat(() => {
      throw Object.assign(new Error('no use'), { name: 'UnrecoverableError' })
    })
    expect(await attempt(failing).ending).toMatchObject({
      retry: false,
      reason: expect.stringMatching(FIXED),
    })
  })

  it('is not tried again for an input that the schema refuses, and does not begin', async () => {
    const run = vi.fn()
    const job = jobThat(run, { input: z.object({ rows: z.number() }) })
    const { ending, lines } = attempt(job)
    expect(await ending).toMatchObject({
      kind: 'failure',
      retry: false,
      reason: expect.stringMatching(FIXED),
    })
    expect(String(lines[0]?.facts.err)).toMatch(/rows/)
    expect(run).not.toHaveBeenCalled()
  })

  const circular: Record<string, unknown> = { rows: 1 }
  circular.self = circular
  it.each([
    ['circular', circular],
    ['a bigint', 1n],
    [
      'one that can not be read',
      {
        get rows() {
          throw new Error('no')
        },
      },
    ],
  ])('fails for good when its result is %s', async (_, result) => {
    expect(await attempt(jobThat(() => result)).ending).toMatchObject({
      kind: 'failure',
      retry: false,
      reason: expect.stringMatching(FIXED),
    })
  })

  const no = () => {
    throw new Error('no')
  }
  const withGetters = Object.defineProperties(new Error('odd'), {
    stack: { get: no },
    message: { get: no },
    name: { get: no },
    cause: { get: no },
    rows: { get: no, enumerable: true },
  })
  const endless = new Error('endless')
  endless.cause = endless
  const proxy = new Proxy(new Error('odd'), {
    get: no,
    has: no,
    getPrototypeOf: no,
    ownKeys: no,
    getOwnPropertyDescriptor: no,
  })
  const hostileFailure = Object.defineProperty(new JobFailure('x'), 'message', { get: no })
  it.each<[string, () => unknown]>([
    ['a string', () => 'a string'],
    ['a string of 10 MB', () => 'x'.repeat(10_000_000)],
    ['undefined', () => undefined],
    ['null', () => null],
    ['a number', () => 7],
    ['a symbol', () => Symbol('odd')],
    ['a function', () => no],
    ['a circular object', () => circular],
    ['an object without a prototype', () => Object.create(null)],
    ['an error whose getters throw', () => withGetters],
    ['an error that causes itself', () => endless],
    ['an error of 10 MB', () => new Error('x'.repeat(10_000_000))],
    ['a proxy that throws', () => proxy],
    ['a proxy that is revoked', () => revoked()],
    ['a JobFailure that can not be read', () => hostileFailure],
    ['an error with a secret and HTML', () => new Error('<script>redis://user:hunter2@db</script>')],
    ['an AggregateError', () => new AggregateError([new Error('one')], 'many')],
  ])(
    'that throws %s fails: a fixed sentence with a reference, and the rest in the log',
    async (_, thrown) => {
      const { ending, lines } = attempt(
        jobThat(() => {
          throw thrown()
        }),
      )
      const ended = await ending
      expect(ended).toMatchObject({ kind: 'failure', retry: true, reason: expect.stringMatching(FIXED) })
      if (ended.kind !== 'failure') throw new Error('unreachable')
      expect(lines).toHaveLength(1)
      const [{ facts } = { facts: {} }] = lines
      const { err, reference } = facts as unknown as { err: Error; reference: string }
      expect(ended.reason).toContain(reference)
      for (const error of [err, ended.error]) {
        expect(error).toBeInstanceOf(Error)
        // As a log does it: each field is read.
        const written = JSON.stringify({
          ...error,
          name: error.name,
          message: error.message,
          stack: error.stack,
        })
        expect(written.length).toBeLessThan(15_000)
        expect(written).not.toContain('hunter2')
      }
    },
  )

  it('logs what an error carries: its name, its code, its cause', async () => {
    const thrown = Object.assign(new RangeError('too far'), { code: 'E_FAR', rows: 3, more: {} })
    thrown.cause = new Error('redis://user:hunter2@db is away')
    const { ending, lines } = attempt(
      jobThat(() => {
        throw thrown
      }),
    )
    await ending
    const err = lines[0]?.facts.err as Error & { code: string; rows: number }
    expect({ ...err, name: err.name, message: err.message }).toMatchObject({
      name: 'RangeError',
      message: 'too far',
      code: 'E_FAR',
      rows: 3,
      cause: expect.objectContaining({ message: 'redis://user:…@db is away' }),
    })
    expect(err.stack).toBe(thrown.stack)
  })

  it('hears progress as a number, as steps, and never nonsense or what comes after its end', async () => {
    let late = async () => {}
    const job = defineJob({
      name: 'tell',
      input: z.unknown(),
      async run({ progress }) {
        late = () => progress(99)
        await progress(25, 'a quarter')
        await progress({ step: 1, of: 2 })
        await progress(Number.NaN)
        await progress('half' as never)
      },
      messages: { success: () => 'Done.' },
    })
    const { ending, progress, lines } = attempt(job)
    expect(await ending).toMatchObject({ kind: 'success' })
    await late()
    expect(progress).toEqual([
      { fraction: 0.25, text: 'a quarter' },
      { fraction: 0.5, step: 1, of: 2 },
    ])
    expect(lines).toMatchObject([{ level: 'warn' }, { level: 'warn' }])
  })
})

describe('a time limit', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  const LATE = { kind: 'failure', retry: true, reason: 'It took longer than 5 minutes and was stopped.' }

  it('fires the signal, with a TimeoutError', async () => {
    const { ending } = attempt(
      jobThat(
        ({ signal }) =>
          new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
        { timeLimit: 300_000 },
      ),
    )
    await vi.advanceTimersByTimeAsync(300_000)
    expect(await ending).toMatchObject(LATE)
    expect(((await ending) as { error: Error }).error.name).toBe('TimeoutError')
    expect(vi.getTimerCount()).toBe(0)
  })

  it('ends the attempt a second later whatever it does', async () => {
    const { ending, lines } = attempt(jobThat(() => new Promise(() => {}), { timeLimit: 300_000 }))
    const over = vi.fn()
    void ending.then(over)
    await vi.advanceTimersByTimeAsync(300_999)
    expect(over).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1)
    expect(over).toHaveBeenCalled()
    expect(await ending).toMatchObject(LATE)
    expect(lines).toMatchObject([{ level: 'warn', text: 'attempt stopped: time-limit' }])
  })

  it('counts what the attempt still finishes in that second', async () => {
    const { promise, resolve } = deferred()
    const { ending } = attempt(jobThat(() => promise, { timeLimit: 1000 }))
    await vi.advanceTimersByTimeAsync(1500)
    resolve()
    expect(await ending).toMatchObject({ kind: 'success' })
  })

  it('leaves no timer behind when the attempt ends before', async () => {
    await attempt(jobThat(() => 1, { timeLimit: 1000 })).ending
    expect(vi.getTimerCount()).toBe(0)
  })

  it("leaves the owner the job's own words", async () => {
    const job = jobThat(
      async ({ signal }) => {
        await pause(60_000, undefined, { signal }).catch(() => {})
        throw new JobFailure('The mail server did not answer.')
      },
      { timeLimit: 1000 },
    )
    const { ending } = attempt(job)
    await vi.advanceTimersByTimeAsync(1000)
    expect(await ending).toMatchObject({ reason: 'The mail server did not answer.', retry: false })
  })

  it('covers the check of the input, too', async () => {
    const input = {
      '~standard': { version: 1, vendor: 'slow', validate: () => new Promise(() => {}) },
    } as never
    const { ending } = attempt(jobThat(() => 1, { input, timeLimit: 300_000 }))
    await vi.advanceTimersByTimeAsync(301_000)
    expect(await ending).toMatchObject(LATE)
  })

  it('leaves no timer behind, nor a failure that nobody hears, when the attempt fails after it is over', async () => {
    const { promise, resolve } = deferred()
    const { ending } = attempt(
      jobThat(
        async () => {
          await promise
          throw new Error('late')
        },
        { timeLimit: 1000 },
      ),
    )
    await vi.advanceTimersByTimeAsync(2000)
    await ending
    resolve()
    await vi.advanceTimersByTimeAsync(0)
    expect(vi.getTimerCount()).toBe(0)
  })

  it.each([
    [1, '1 millisecond'],
    [50, '50 milliseconds'],
    [1000, '1 second'],
    [90_000, '90 seconds'],
    [60_000, '1 minute'],
    [150_000, '2 minutes'],
    [300_000, '5 minutes'],
    [5_400_000, '90 minutes'],
    [3_600_000, '1 hour'],
    [86_400_000, '24 hours'],
  ])('of %i ms is in words %s', (ms, words) => {
    expect(timeInWords(ms)).toBe(words)
  })
})

describe('a signal from outside', () => {
  const heeding = jobThat(async ({ signal }) => pause(60_000, undefined, { signal }))
  const stopped = async (reason: unknown, job = heeding, limit?: number) => {
    const stop = new AbortController()
    const { ending, lines } = attempt(
      limit === undefined ? job : jobThat(() => new Promise(() => {}), { timeLimit: limit }),
      stop.signal,
    )
    stop.abort(reason)
    return { ending: await ending, lines }
  }

  it('cancels the job, with the reason that its owner is told', async () => {
    expect((await stopped(new JobStopped('cancelled'))).ending).toMatchObject({
      kind: 'cancelled',
      reason: 'It was cancelled.',
    })
    expect((await stopped(new JobStopped('cancelled', 'By Ada.'))).ending).toMatchObject({
      reason: 'By Ada.',
    })
  })

  it('is not needed where the job itself finds out that it is not wanted, and says why', async () => {
    const unwanted = jobThat(() => Promise.reject(new JobStopped('cancelled', 'Taken back.')))
    const { ending, lines } = attempt(unwanted)
    expect(await ending).toMatchObject({ kind: 'cancelled', reason: 'Taken back.' })
    expect(lines.filter(({ level }) => level === 'error')).toEqual([])
    expect((await stopped(new JobStopped('cancelled'), unwanted)).ending).toMatchObject({
      reason: 'Taken back.',
    })
    const shutDown = jobThat(() => Promise.reject(new JobStopped('shutdown')))
    expect(await attempt(shutDown).ending).toMatchObject({ kind: 'failure', retry: true })
  })

  it.each([
    ['lost-lock', new JobStopped('lost-lock'), /lock was lost/],
    ['shutdown', new JobStopped('shutdown'), /its worker leaves/],
    ['somebody else', new Error('enough'), /^It was interrupted\.$/],
  ])('interrupts the attempt (%s), which is no fault of it', async (_, reason, words) => {
    const { ending, lines } = await stopped(reason)
    expect(ending).toMatchObject({ kind: 'failure', retry: true, reason: expect.stringMatching(words) })
    expect(lines.filter(({ level }) => level === 'error')).toEqual([])
  })

  it('is logged in a line, without the stack by which it came', async () => {
    const { lines } = await stopped(new JobStopped('shutdown'))
    expect(lines).toEqual([
      {
        level: 'warn',
        text: 'attempt stopped: shutdown',
        facts: { reason: 'It was interrupted: its worker leaves.' },
      },
    ])
    expect((await stopped(new JobStopped('cancelled', 'By Ada.'))).lines).toMatchObject([
      { level: 'info', text: 'job cancelled', facts: { reason: 'By Ada.' } },
    ])
    const failing = jobThat(async ({ signal }) => {
      await pause(60_000, undefined, { signal }).catch(() => {})
      throw new Error('could not tidy up')
    })
    expect((await stopped(new JobStopped('cancelled'), failing)).lines).toMatchObject([
      { facts: { err: expect.objectContaining({ message: 'could not tidy up' }) } },
    ])
  })

  it('ends an attempt that does not heed it a second later, also one with a time limit', async () => {
    const deaf = jobThat(() => new Promise(() => {}))
    expect((await stopped(new JobStopped('cancelled'), deaf)).ending).toMatchObject({ kind: 'cancelled' })
    expect((await stopped(new JobStopped('cancelled'), deaf, 60_000)).ending).toMatchObject({
      kind: 'cancelled',
    })
  })

  it('keeps a job from beginning that was stopped before', async () => {
    const run = vi.fn()
    const { ending } = attempt(jobThat(run), AbortSignal.abort(new JobStopped('cancelled')))
    expect(await ending).toMatchObject({ kind: 'cancelled' })
    expect(run).not.toHaveBeenCalled()
  })

  it('has a name and a code that say why it fired', () => {
    expect(new JobStopped('time-limit')).toMatchObject({ name: 'TimeoutError', code: 'time-limit' })
    expect(new JobStopped('shutdown')).toMatchObject({ name: 'AbortError', code: 'shutdown' })
  })
})

describe('a reason as BullMQ keeps it', () => {
  it('comes back as it was', () => {
    expect(decodeFailure(encodeReason('It is empty.'))).toEqual({ kind: 'failure', reason: 'It is empty.' })
    expect(decodeFailure(encodeCancelled('By Ada.'))).toEqual({ kind: 'cancelled', reason: 'By Ada.' })
  })

  it.each([
    [undefined, 'Something went wrong on our side.'],
    ['postgres://user:secret@db', 'Something went wrong on our side.'],
    ['job stalled more than allowable limit', expect.stringContaining('fault of its worker')],
  ])('is a fixed sentence where it was not written for the owner: %s', (stored, reason) => {
    expect(decodeReason(stored)).toEqual(reason)
  })
})

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}
