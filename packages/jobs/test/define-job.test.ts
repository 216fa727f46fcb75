import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createJobs, defineJob, JobFailure, partial } from '../src/index.ts'
import { performJob } from '../src/testing.ts'

const good = {
  name: 'good-job',
  title: 'Do good',
  input: z.object({ rows: z.coerce.number() }),
  run: async ({ input }: { input: { rows: number } }) => ({ rows: input.rows }),
  messages: { success: ({ result }: { result: { rows: number } }) => `${result.rows} rows.` },
}

describe('defineJob', () => {
  it.each([
    ['a name with capitals', { name: 'Good Job' }, /"Good Job".*lower-case words joined by "-"/s],
    ['no title', { title: '' }, /title/],
    ['an input that is no schema', { input: { rows: 'number' } }, /expected a Standard Schema.*input/s],
    ['no attempts', { attempts: 0 }, /attempts/],
    ['a backoff of an unknown type', { backoff: { type: 'random', delay: 1 } }, /backoff/],
    ['a negative time limit', { timeLimit: -1 }, /timeLimit/],
    ['no run', { run: undefined }, /expected a function.*run/s],
    ['no words for success', { messages: {} }, /expected a function that returns a text.*success/s],
    ['words that are no function', { messages: { success: 'Done.' } }, /success/],
  ])('refuses %s by name, saying what was expected', (_, fault, message) => {
    expect(() => defineJob({ ...good, ...fault } as never)).toThrow(message)
  })

  it('names every fault at once', () => {
    expect(() => defineJob({ ...good, title: '', attempts: 0 } as never)).toThrow(
      /title.*attempts|attempts.*title/s,
    )
  })

  it('lets a name be used once in a set', () => {
    const redis = undefined as never
    const definition = defineJob(good)
    expect(() =>
      createJobs({ redis, store: { prefix: '{x}' } as never, definitions: [definition, defineJob(good)] }),
    ).toThrow(/Two job definitions have the name "good-job"/)
  })

  it('types input and result from end to end', async () => {
    const definition = defineJob({
      name: 'typed',
      title: 'Typed',
      input: z.object({ rows: z.number() }),
      run: async ({ input }) => (input.rows > 1 ? partial({ kept: input.rows }) : { kept: input.rows }),
      // @ts-expect-error: the result has no `rows`
      messages: { success: ({ result }) => `${result.rows}` },
    })
    // @ts-expect-error: rows is a number
    expect((await performJob(definition, { rows: 'x' })).outcome).toBe('failure')
  })
})

describe('performJob', () => {
  it('gives result, message and progress of a job, without Redis', async () => {
    const definition = defineJob({
      ...good,
      async run({ input, progress }) {
        await progress(0.5, 'half')
        return { rows: input.rows }
      },
    })
    expect(await performJob(definition, { rows: '4' })).toEqual({
      outcome: 'success',
      result: { rows: 4 },
      retry: false,
      message: { level: 25, text: '4 rows.', key: 'job:job', job: 'job' },
      progress: [{ fraction: 0.5, text: 'half' }],
    })
  })

  it('gives what the owner would be told of a failure', async () => {
    const definition = defineJob({
      ...good,
      run: async () => {
        throw new JobFailure('No rows.', { retry: true })
      },
    })
    expect(await performJob(definition, { rows: 1 })).toMatchObject({
      outcome: 'failure',
      retry: true,
      message: { level: 40, text: 'Do good: failed. No rows.' },
    })
  })
})
