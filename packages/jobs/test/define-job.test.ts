import type { StandardSchemaV1 } from '@standard-schema/spec'
import { RedisMessageStore } from '@tidings/messages'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { z } from 'zod'
import { testRedis } from '../../../test/redis.ts'
import { backoffOptions, backoffStrategy } from '../src/backoff.ts'
import { createJobs, defineJob, partial } from '../src/index.ts'
import { moduleOf } from '../src/sandboxed.ts'
import { performJob } from '../src/testing.ts'
import { uniqueKey } from '../src/unique-key.ts'
import { jobThat, keptLog } from './definitions.ts'

const good = {
  name: 'good-job',
  title: 'Do good',
  input: z.object({ rows: z.coerce.number() }),
  run: async ({ input }: { input: { rows: number } }) => ({ rows: input.rows }),
  messages: { success: ({ result }: { result: { rows: number } }) => `${result.rows} rows.` },
}
const { redis, prefix } = testRedis()
const parts = { redis, store: new RedisMessageStore({ redis, prefix }) }
const sandbox = new URL('./sandbox/echo.js', import.meta.url)

describe('defineJob', () => {
  it.each([
    [
      'a name with capitals',
      { name: 'Good Job' },
      /"Good Job".*name: expected lower-case words.*got "Good Job"/s,
    ],
    ['no name', { name: undefined }, /Job undefined.*name: expected lower-case words.*got undefined/s],
    ['an empty title', { title: ' ' }, /title: expected the job in plain words.*got " "/],
    [
      'an input that is no schema',
      { input: { rows: 'number' } },
      /input: expected a Standard Schema.*got \{ rows/,
    ],
    ['a schema that can not check', { input: { '~standard': {} } }, /input: expected a Standard Schema/],
    ['a version that is none', { version: 0 }, /version: expected a whole number from 1 .*got 0/],
    ['no attempts', { attempts: 0 }, /attempts: expected a whole number from 1 to 100; got 0/],
    ['half an attempt', { attempts: 1.5 }, /attempts: .*got 1.5/],
    [
      'a backoff of an unknown type',
      { backoff: { type: 'random', delay: 1 } },
      /backoff: expected.*'exponential'.*got.*random/,
    ],
    ['a jitter above 1', { backoff: { type: 'fixed', delay: 1, jitter: 2 } }, /backoff: expected.*jitter/],
    [
      'pauses that grow for years',
      { attempts: 50, backoff: { type: 'exponential', delay: 1000 } },
      /backoff: .*30 days.*double 48 times/,
    ],
    ['a negative time limit', { timeLimit: -1 }, /timeLimit: expected.*ms; got -1/],
    ['a time limit that no timer can hold', { timeLimit: 2 ** 31 }, /timeLimit: expected.*to 2147483647 ms/],
    ['a priority of 0', { priority: 0 }, /priority: expected a whole number from 1/],
    ['a negative delay', { delay: -5 }, /delay: expected/],
    ['a pickUpWithin of nothing', { pickUpWithin: 0 }, /pickUpWithin: expected/],
    [
      'a unique key that is no function',
      { unique: 'file' },
      /unique: expected a function that returns a key.*got "file"/,
    ],
    [
      'neither run nor sandbox',
      { run: undefined },
      /run: expected a function, or `sandbox` instead; got neither/,
    ],
    ['a run that is no function', { run: 'run' }, /run: expected a function.*got "run"/],
    ['both run and sandbox', { sandbox }, /sandbox: expected either `run` or `sandbox`; got both/],
    [
      'a sandbox that is a path',
      { run: undefined, sandbox: './rows.js' },
      /sandbox: expected the URL of a module/,
    ],
    [
      'no messages',
      { messages: undefined },
      /messages: expected an object with \{ success \}.*got undefined/,
    ],
    [
      'no words for success',
      { messages: {} },
      /messages.success: expected a function that returns a text.*got undefined/,
    ],
    [
      'words that are no function',
      { messages: { success: 'Done.' } },
      /messages.success: expected.*got "Done."/,
    ],
    [
      'words for an ending that there is none',
      { messages: { ...good.messages, failed: () => '' } },
      /messages.failed: there is no such option; expected one of started, overdue, success/,
    ],
    [
      'an option that there is none',
      { timelimit: 5 },
      /timelimit: there is no such option; expected one of .*timeLimit/,
    ],
  ])('refuses %s by name, saying what was expected and what came', (_, fault, message) => {
    expect(() => defineJob({ ...good, ...fault } as never)).toThrow(message)
    expect(() => defineJob({ ...good, ...fault } as never)).toThrow(TypeError)
  })

  it.each([[undefined], [null], ['job'], [7]])('refuses %s in place of options', options => {
    expect(() => defineJob(options as never)).toThrow(/expected an object of options/)
  })

  it('names every fault at once', () => {
    expect(() => defineJob({ ...good, title: '', attempts: 0 } as never)).toThrow(
      /title.*attempts|attempts.*title/s,
    )
    expect(() => defineJob({} as never)).toThrow(/name:.*input:.*messages:.*run: expected a function/s)
  })

  it('has defaults: a title made of the name, one attempt, version 1, five minutes to be picked up', () => {
    const { title: _, ...untitled } = good
    expect(defineJob(untitled)).toMatchObject({
      title: 'Good job',
      attempts: 1,
      version: 1,
      pickUpWithin: 300_000,
    })
  })

  it('makes what can be spread into another definition', () => {
    expect(defineJob({ ...defineJob(good), title: 'Better' }).title).toBe('Better')
    const { run: _, ...recipe } = good
    const definition = defineJob({ ...recipe, sandbox })
    expect(moduleOf(defineJob({ ...definition, title: 'Better' }))).toBe(sandbox)
  })

  it('lets a name be used once in a set', () => {
    expect(() => createJobs({ ...parts, definitions: [defineJob(good), defineJob(good)] })).toThrow(
      /Two job definitions have the name "good-job"/,
    )
  })
})

describe('createJobs', () => {
  const definitions = [defineJob(good)]

  it.each([
    ['options that it does not know', { queues: 'x' }, /"queues"/],
    ['no definitions', { definitions: undefined }, /expected an array of definitions, got undefined/],
    [
      'what defineJob did not make',
      { definitions: [...definitions, good] },
      /definitions\[1\]: expected what defineJob gives, got \{.*good-job/s,
    ],
    ['what is no connection', { redis: {} }, /expected an ioredis connection or Cluster\s+→ at redis/],
    ['no store', { store: undefined }, /expected a RedisMessageStore.*→ at store/s],
    ['a log that says nothing', { log: {} }, /expected a pino logger.*→ at log/s],
    ['a hook that is no function', { onEvent: 1 }, /expected a function\s+→ at onEvent/],
    ['a name that Redis would not take', { queue: 'a:b' }, /letters, digits.*→ at queue/s],
  ])('refuses %s, saying what was expected', (_, fault, message) => {
    const create = () => createJobs({ ...parts, definitions, ...fault } as never)
    expect(create).toThrow(TypeError)
    expect(create).toThrow(message)
  })
})

describe('types', () => {
  it('go from end to end', () => {
    const definition = defineJob({
      name: 'typed',
      input: z.object({ rows: z.coerce.number(), day: z.string().default('monday') }),
      unique({ input, owner }) {
        expectTypeOf(input).toEqualTypeOf<{ rows: number; day: string }>()
        return `${owner}${input.day}`
      },
      async run({ input, progress }) {
        expectTypeOf(input).toEqualTypeOf<{ rows: number; day: string }>()
        await progress({ step: 1, of: input.rows })
        return input.rows > 1 ? partial({ kept: input.rows }) : { kept: input.rows }
      },
      messages: {
        started: ({ input }) => `${input.rows} rows are read.`,
        success: ({ input, result }) => {
          expectTypeOf(result).toEqualTypeOf<{ kept: number }>()
          return `${result.kept} of ${input.rows}`
        },
        partial: ({ result }) => `${result.kept}`,
        failure: ({ input, reason }) => `${input.day}: ${reason}`,
        cancelled: ({ input, reason }) => `${input.rows} ${reason}`,
      },
    })
    expectTypeOf(performJob(definition, { rows: '1' })).resolves.toHaveProperty('result')
    expectTypeOf(definition.run).returns.resolves.not.toBeAny()
  })

  it('refuse what does not fit', async () => {
    const base = { name: 'typed', input: z.object({ rows: z.number() }) }
    const success = () => 'Done.'
    const run = async () => ({ kept: 1 })
    defineJob({
      ...base,
      run,
      // @ts-expect-error: the result has no `rows`
      messages: { success: ({ result }) => `${result.rows}` },
    })
    defineJob({
      ...base,
      run,
      // @ts-expect-error: the input has no `lines`
      messages: { success, started: ({ input }) => `${input.lines}` },
    })
    defineJob({
      ...base,
      run,
      // @ts-expect-error: words are not promised
      messages: { success: async () => 'Done.' },
    })
    // @ts-expect-error: success has no fall-back
    expect(() => defineJob({ ...base, run, messages: {} })).toThrow('messages.success')
    // @ts-expect-error: either run or sandbox
    expect(() => defineJob({ ...base, messages: { success } })).toThrow('got neither')
    // @ts-expect-error: either run or sandbox
    expect(() => defineJob({ ...base, run, sandbox, messages: { success } })).toThrow('got both')
    // @ts-expect-error: there is no such option
    expect(() => defineJob({ ...base, run, timelimit: 5, messages: { success } })).toThrow('timelimit')
    const definition = defineJob({ ...base, run, messages: { success } })
    // @ts-expect-error: rows is a number
    await expect(performJob(definition, { rows: 'x' })).rejects.toThrow('rows')
  })
})

describe('a schema that takes its time', () => {
  const input: StandardSchemaV1<string, { rows: number }> = {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: async value =>
        value === 'bad'
          ? { issues: [{ message: 'bad', path: ['a', { key: 'b' }] }] }
          : { value: { rows: 3 } },
    },
  }
  const job = defineJob({
    name: 'slow-schema',
    input,
    run: async ({ input: { rows } }) => rows,
    messages: { success: ({ result, input: { rows } }) => `${result} of ${rows}` },
  })

  it('is waited for', async () => {
    expect((await performJob(job, 'good')).message.text).toBe('3 of 3')
  })

  it('refuses as any other', async () => {
    await expect(performJob(job, 'bad')).rejects.toMatchObject({ issues: [{ path: 'a.b', message: 'bad' }] })
  })
})

describe('a backoff', () => {
  const after = (attempt: number, backoff: unknown) => {
    const { log, lines } = keptLog()
    const job = jobThat(() => 1, { backoff: backoff as never, attempts: 9 })
    const strategy = backoffStrategy(new Map([[job.name, job]]), log)
    return { pause: strategy(attempt, 'tidings', new Error(), { name: job.name }), lines }
  }

  it('of a type of BullMQ is handed on as it is', () => {
    const backoff = { type: 'exponential', delay: 100, jitter: 0.5 } as const
    expect(backoffOptions(jobThat(() => 1, { backoff }))).toEqual(backoff)
    expect(backoffOptions(jobThat(() => 1))).toBeUndefined()
  })

  it('may be a function of the attempt, which the worker asks', () => {
    expect(backoffOptions(jobThat(() => 1, { backoff: () => 5 }))).toEqual({ type: 'tidings' })
    expect(after(3, (attempt: number) => attempt * 100)).toEqual({ pause: 300, lines: [] })
  })

  it('gives up with -1', () => {
    expect(after(1, () => -1).pause).toBe(-1)
  })

  it.each([
    ['NaN', () => Number.NaN],
    ['another negative number', () => -2],
    ['for ever', () => Number.POSITIVE_INFINITY],
    ['a text', () => 'soon'],
    ['a promise', async () => 5],
    ['nothing', () => {}],
    [
      'an error',
      () => {
        throw new Error('no')
      },
    ],
  ])('that returns %s is a second, and a log line', (_, backoff) => {
    const { pause, lines } = after(1, backoff)
    expect(pause).toBe(1000)
    expect(lines).toMatchObject([{ level: 'error', facts: { job: 'do-it' } }])
  })

  it('of a job that this worker does not know is a second', () => {
    expect(backoffStrategy(new Map())(1, 'tidings', new Error(), { name: 'other' })).toBe(1000)
  })
})

describe('a unique key', () => {
  it('is made of input and owner', () => {
    const job = defineJob({ ...good, unique: ({ input, owner }) => `${owner}:${input.rows}` })
    expect(uniqueKey(job, { input: { rows: 3 }, owner: 'ada' })).toBe('ada:3')
    expect(uniqueKey(defineJob(good), { input: { rows: 3 }, owner: 'ada' })).toBeUndefined()
  })

  it.each([[''], [7], ['x'.repeat(201)], [undefined]])('that is %j is refused, naming the job', key => {
    const job = defineJob({ ...good, unique: () => key as string })
    expect(() => uniqueKey(job, { input: { rows: 3 }, owner: 'ada' })).toThrow(/`unique` of job "good-job"/)
  })
})
