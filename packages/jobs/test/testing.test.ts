import { LEVELS, MemoryMessageStore } from '@tidings/messages'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import {
  defineJob,
  InvalidInputError,
  JobFailure,
  JobStopped,
  KeyReusedError,
  partial,
} from '../src/index.ts'
import { createMemoryJobs, performJob } from '../src/testing.ts'
import { deferred, jobThat, keptLog } from './definitions.ts'

const work = defineJob({
  name: 'work',
  title: 'Do the work',
  input: z.object({ how: z.string().default('succeed'), rows: z.coerce.number().default(1) }),
  attempts: 3,
  backoff: { type: 'exponential', delay: 1000 },
  async run({ input, attempt, progress }) {
    await progress(50, 'half')
    if (input.how === 'flaky' && attempt < 3) throw new Error('not yet')
    if (input.how === 'fail') throw new JobFailure('It is empty.')
    return input.how === 'part' ? partial({ rows: input.rows }) : { rows: input.rows }
  },
  messages: {
    started: ({ input }) => `${input.rows} rows are read.`,
    success: ({ result }) => `${result.rows} rows.`,
    partial: ({ result }) => `Only ${result.rows} rows.`,
    failure: ({ reason }) => `No rows. ${reason}`,
    cancelled: () => 'No rows: cancelled.',
  },
})

describe('performJob', () => {
  it('gives result, messages and progress of a job, without Redis', async () => {
    expect(await performJob(work, { rows: '4' })).toEqual({
      outcome: 'success',
      result: { rows: 4 },
      retry: false,
      attempt: 1,
      waits: [],
      message: { level: 25, text: '4 rows.', key: 'job:job', job: 'job' },
      messages: [
        { level: 20, text: '4 rows are read.', key: 'job:job', job: 'job' },
        { level: 25, text: '4 rows.', key: 'job:job', job: 'job' },
      ],
      progress: [{ fraction: 0.5, text: 'half' }],
    })
  })

  it('tries again as a worker does, but does not wait', async () => {
    const { outcome, attempt, waits, messages } = await performJob(work, { how: 'flaky' })
    expect({ outcome, attempt, waits }).toEqual({ outcome: 'success', attempt: 3, waits: [1000, 2000] })
    expect(messages).toHaveLength(2)
  })

  it('gives up with the last attempt, and where a backoff says so', async () => {
    const failing = (backoff?: (attempt: number) => number) =>
      performJob(
        jobThat(
          () => {
            throw new Error('no')
          },
          { attempts: 4, ...(backoff && { backoff }) },
        ),
        {},
      )
    expect(await failing()).toMatchObject({ outcome: 'failure', attempt: 4, waits: [0, 0, 0] })
    expect(await failing(attempt => (attempt === 2 ? -1 : 10))).toMatchObject({ attempt: 2, waits: [10] })
  })

  it('runs one attempt where it is told which', async () => {
    expect(await performJob(work, { how: 'flaky' }, { attempt: 1 })).toMatchObject({
      outcome: 'failure',
      retry: true,
      attempt: 1,
    })
    expect(await performJob(work, { how: 'flaky' }, { attempt: 3 })).toMatchObject({ outcome: 'success' })
  })

  it('gives what the owner would be told of a failure', async () => {
    expect(await performJob(work, { how: 'fail' })).toMatchObject({
      outcome: 'failure',
      reason: 'It is empty.',
      retry: false,
      message: { level: 40, text: 'No rows. It is empty.' },
    })
  })

  it('cancels a job by its signal', async () => {
    const signal = AbortSignal.abort(new JobStopped('cancelled'))
    expect(await performJob(work, {}, { signal })).toMatchObject({
      outcome: 'cancelled',
      message: { level: 40, text: 'No rows: cancelled.' },
    })
  })

  it('refuses an input that enqueue would refuse', async () => {
    await expect(performJob(work, { rows: 'many' })).rejects.toThrow(InvalidInputError)
  })

  it('logs with job, id and owner', async () => {
    const { log, lines } = keptLog()
    const job = jobThat(() => {
      throw new Error('no')
    })
    await performJob(job, {}, { log, owner: 'ada', jobId: 'j1' })
    expect(lines).toMatchObject([{ facts: { job: 'do-it', jobId: 'j1', owner: 'ada' } }])
  })
})

function memory(definitions = [work as never]) {
  const store = new MemoryMessageStore()
  const jobs = createMemoryJobs({ definitions, store })
  const told = async (owner: string) =>
    (await store.inbox(owner)).map(({ level, text }) => [level, text]).reverse()
  return { jobs, store, told }
}

describe('jobs in memory', () => {
  it('are enqueued, and told as started; nothing runs until it is asked for', async () => {
    const { jobs, told } = memory()
    const { id } = await jobs.enqueue(work, { rows: '4' }, { owner: 'ada' })
    expect(await jobs.find(id, { owner: 'ada' })).toMatchObject({
      id,
      name: 'work',
      title: 'Do the work',
      owner: 'ada',
      state: 'waiting',
      input: { rows: '4' },
      attempts: 3,
    })
    expect(await told('ada')).toEqual([[LEVELS.INFO, '4 rows are read.']])
  })

  it.each([
    ['succeed', 25, '1 rows.', { state: 'completed', outcome: 'success', result: { rows: 1 }, attempt: 1 }],
    ['flaky', 25, '1 rows.', { state: 'completed', attempt: 3 }],
    ['part', 30, 'Only 1 rows.', { state: 'completed', outcome: 'partial' }],
    ['fail', 40, 'No rows. It is empty.', { state: 'failed', outcome: 'failure', reason: 'It is empty.' }],
  ])('that %s are told once, in place of their start', async (how, level, text, view) => {
    const { jobs, told } = memory()
    const { id } = await jobs.enqueue(work, { how }, { owner: 'ada' })
    await jobs.runAll()
    expect(await told('ada')).toEqual([[level, text]])
    expect(await jobs.find(id, { owner: 'ada' })).toMatchObject(view)
  })

  it('are seen by their owner alone, newest first', async () => {
    const { jobs } = memory()
    const first = await jobs.enqueue(work, {}, { owner: 'ada' })
    const second = await jobs.enqueue(work, {}, { owner: 'ada' })
    await jobs.enqueue(work, {}, { owner: 'bob' })
    expect((await jobs.list({ owner: 'ada' })).map(({ id }) => id)).toEqual([second.id, first.id])
    expect(await jobs.list({ owner: 'ada', limit: 1 })).toHaveLength(1)
    expect(await jobs.find(first.id, { owner: 'bob' })).toBeUndefined()
    expect(await jobs.cancel(first.id, { owner: 'bob' })).toBe('unknown')
    expect(await jobs.retry(first.id, { owner: 'bob' })).toBe(false)
    expect(await jobs.find(first.id)).toMatchObject({ owner: 'ada' })
  })

  it('are refused as the real ones are', async () => {
    const { jobs } = memory()
    await expect(jobs.enqueue(work, { rows: 'x' }, { owner: 'ada' })).rejects.toThrow(InvalidInputError)
    await expect(jobs.enqueue(work, {}, { owner: '' })).rejects.toThrow(TypeError)
    await expect(
      jobs.enqueue(
        jobThat(() => 1),
        {},
        { owner: 'ada' },
      ),
    ).rejects.toThrow(/not among the definitions/)
    expect(() => memory([work, work] as never)).toThrow(/Two job definitions have the name "work"/)
    await expect(jobs.enqueueBatch(work, 'rows' as never, { owner: 'ada' })).rejects.toThrow(
      /expected an array of inputs/,
    )
    await expect(jobs.enqueue(work, { rows: 1n } as never, { owner: 'ada' })).rejects.toThrow(
      InvalidInputError,
    )
  })

  it('are started once by an idempotency key, which belongs to one input', async () => {
    const { jobs } = memory()
    const enqueue = (rows: number, owner = 'ada') =>
      jobs.enqueue(work, { rows }, { owner, idempotencyKey: 'k' })
    const { id } = await enqueue(1)
    expect(await enqueue(1)).toEqual({ id })
    await expect(enqueue(2)).rejects.toThrow(KeyReusedError)
    expect((await enqueue(1, 'bob')).id).not.toBe(id)
    expect(await jobs.list({ owner: 'ada' })).toHaveLength(1)
  })

  it('with a unique key are one unfinished job at a time', async () => {
    const lone = defineJob({ ...work, unique: ({ input }) => String(input.rows) })
    const { jobs } = memory([lone as never])
    const { id } = await jobs.enqueue(lone, { rows: '1' }, { owner: 'ada' })
    expect(await jobs.enqueue(lone, { rows: 1 }, { owner: 'ada' })).toEqual({ id })
    expect((await jobs.enqueue(lone, { rows: 2 }, { owner: 'ada' })).id).not.toBe(id)
    await jobs.runAll()
    expect((await jobs.enqueue(lone, { rows: 1 }, { owner: 'ada' })).id).not.toBe(id)
  })

  it('run in the order of their priority, those without one first, delayed ones too', async () => {
    const order: unknown[] = []
    const job = defineJob({
      name: 'order',
      input: z.string(),
      run: async ({ input }) => void order.push(input),
      messages: { success: () => 'Done.' },
    })
    const { jobs } = memory([job as never])
    await jobs.enqueue(job, 'last', { owner: 'ada', priority: 9 })
    await jobs.enqueue(job, 'second', { owner: 'ada', priority: 1 })
    const { id } = await jobs.enqueue(job, 'first', { owner: 'ada', delay: 60_000 })
    expect(await jobs.find(id)).toMatchObject({ state: 'delayed', nextAttemptAt: expect.any(Date) })
    await jobs.runAll()
    expect(order).toEqual(['first', 'second', 'last'])
  })

  it('are cancelled while they wait, and not again', async () => {
    const { jobs, told } = memory()
    const { id } = await jobs.enqueue(work, {}, { owner: 'ada' })
    expect(await jobs.cancel(id, { owner: 'ada' })).toBe('cancelled')
    expect(await told('ada')).toEqual([[40, 'No rows: cancelled.']])
    expect(await jobs.find(id)).toMatchObject({
      state: 'failed',
      outcome: 'cancelled',
      reason: 'It was cancelled.',
    })
    expect(await jobs.cancel(id)).toBe('ended')
    await jobs.runAll()
    expect(await told('ada')).toHaveLength(1)
  })

  it('are cancelled while they run', async () => {
    const job = jobThat(
      ({ signal }) =>
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    )
    const { jobs, told } = memory([job as never])
    const worker = await jobs.work()
    const { id } = await jobs.enqueue(job, {}, { owner: 'ada' })
    expect(worker.running).toBe(1)
    await expect.poll(async () => (await jobs.find(id))?.state).toBe('active')
    expect(await jobs.cancel(id)).toBe('cancelling')
    await worker.close()
    expect(await told('ada')).toEqual([[40, 'Do it: cancelled.']])
  })

  it('that failed are tried again by hand, with a new outcome in place of the unread one', async () => {
    let fails = true
    const job = jobThat(() => {
      if (fails) throw new JobFailure('It is empty.')
      return 1
    })
    const { jobs, told } = memory([job as never])
    const { id } = await jobs.enqueue(job, {}, { owner: 'ada' })
    await jobs.runAll()
    fails = false
    expect(await jobs.retry(id)).toBe(true)
    expect(await jobs.find(id)).not.toHaveProperty('outcome')
    await jobs.runAll()
    expect(await told('ada')).toEqual([[25, 'Done.']])
    expect(await jobs.retry(id)).toBe(false)
  })

  it('run as they come, as many at once as asked for', async () => {
    const gate = deferred()
    const job = jobThat(() => gate.promise)
    const { jobs, told } = memory([job as never])
    const worker = await jobs.work({ concurrency: 2 })
    for (let i = 0; i < 5; i++) await jobs.enqueue(job, i, { owner: 'ada' })
    expect(worker.running).toBe(2)
    gate.resolve()
    await expect.poll(() => told('ada')).toHaveLength(5)
    await worker.close()
    await jobs.enqueue(job, 9, { owner: 'ada' })
    expect(worker.running).toBe(0)
  })

  it.each([
    [['succeed', 'succeed'], 25, 'Do the work: 2 of 2 finished.'],
    [['succeed', 'part'], 30, 'Do the work: 2 of 2 finished.'],
    [['succeed', 'part', 'fail', 'fail'], 40, 'Do the work: 2 of 4 finished, 2 failed.'],
  ])('of a batch (%j) are told once, in the level of the worst', async (hows, level, text) => {
    const { jobs, told } = memory()
    const inputs = hows.map(how => ({ how }))
    const batch = await jobs.enqueueBatch(work, inputs, { owner: 'ada', idempotencyKey: 'b' })
    expect(await told('ada')).toEqual([])
    await jobs.runAll()
    expect(await told('ada')).toEqual([[level, text]])
    expect(batch.jobs).toHaveLength(hows.length)
    expect(await jobs.enqueueBatch(work, inputs, { owner: 'ada', idempotencyKey: 'b' })).toEqual(batch)
  })

  it('of a batch are told in words of its own', async () => {
    const { jobs, told } = memory()
    const message = { finished: '{total} in.', failed: '{failed} of {total} out ({nonsense}).' }
    await jobs.enqueueBatch(work, [{}, { how: 'fail' }], { owner: 'ada', message })
    await jobs.runAll()
    expect(await told('ada')).toEqual([[40, '1 of 2 out ({nonsense}).']])
    await expect(jobs.enqueueBatch(work, [], { owner: 'ada' })).rejects.toThrow(/at least one/)
  })

  it('are given their input as JSON gives it back, as from Redis', async () => {
    const job = defineJob({
      name: 'json',
      input: z.object({ at: z.coerce.date(), gone: z.undefined().optional() }),
      run: async ({ input }) => input.at.toISOString(),
      messages: { success: ({ result }) => result },
    })
    const { jobs, told } = memory([job as never])
    const { id } = await jobs.enqueue(job, { at: new Date(0) }, { owner: 'ada' })
    expect((await jobs.find(id))?.input).toEqual({ at: '1970-01-01T00:00:00.000Z' })
    await jobs.runAll()
    expect(await told('ada')).toEqual([[25, '1970-01-01T00:00:00.000Z']])
  })
})
