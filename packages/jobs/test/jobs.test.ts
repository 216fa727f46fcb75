import { RedisMessageStore } from '@tidings/messages'
import { Queue, RedisQueueBackend, UnrecoverableError } from 'bullmq'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type Monitored, monitor } from '../../../test/monitor.ts'
import { testRedis } from '../../../test/redis.ts'
import {
  createJobs,
  defineJob,
  InvalidInputError,
  JobFailure,
  type JobWorker,
  type Log,
  partial,
  UnwrappableError,
} from '../src/index.ts'

const { redis, url, prefix } = testRedis()
const store = new RedisMessageStore({ redis, prefix })
const logged: { level: string; facts: Record<string, unknown>; text: string }[] = []
const log: Log = {
  debug: (facts, text) => void logged.push({ level: 'debug', facts: { ...facts }, text }),
  info: (facts, text) => void logged.push({ level: 'info', facts: { ...facts }, text }),
  warn: (facts, text) => void logged.push({ level: 'warn', facts: { ...facts }, text }),
  error: (facts, text) => void logged.push({ level: 'error', facts: { ...facts }, text }),
  child: () => log,
}

/** How the job ends is up to its input, so that each test says in a line what it is about. */
const ending = defineJob({
  name: 'ending',
  title: 'Try an ending',
  input: z.object({ how: z.string(), times: z.number().default(1) }),
  attempts: 3,
  async run({ input, attempt }) {
    switch (input.how) {
      case 'succeed':
        return { rows: 3 }
      case 'part':
        return partial({ rows: 2 })
      case 'for people':
        throw new JobFailure('The file is empty.')
      case 'for people, again':
        throw new JobFailure('The mail server is away.', { retry: true })
      case 'flaky':
        if (attempt < 3) throw new Error('not yet')
        return { rows: 1 }
      case 'circular': {
        const result: Record<string, unknown> = { rows: 1 }
        result.self = result
        return result as { rows: number }
      }
      case 'string':
        throw 'a string'
      case 'undefined':
        throw undefined
      case 'unrecoverable':
        throw new UnrecoverableError('postgres://user:secret@db')
      default:
        throw new Error('postgres://user:secret@db <script>')
    }
  },
  messages: {
    success: ({ result, input }) =>
      `Read ${result.rows} rows.${input.times === 1 ? '' : ` Times: ${input.times}.`}`,
    partial: ({ result }) => ({
      text: `Read ${result.rows} rows, not all.`,
      link: { href: '/jobs/1', text: 'Look' },
    }),
    failure: ({ reason }) => `Could not be read. ${reason}`,
  },
})

const hang = defineJob({
  name: 'hang',
  title: 'Hang',
  input: z.object({}),
  timeLimit: 50,
  run: ({ signal }) =>
    new Promise<void>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
  messages: { success: () => 'Never said.' },
})

const wordless = defineJob({
  name: 'wordless',
  title: 'Say nothing',
  input: z.object({ text: z.enum(['throw', 'empty', 'nonsense']) }),
  async run({ input }) {
    return input.text
  },
  messages: {
    success({ result }) {
      if (result === 'throw') throw new Error('no words')
      return result === 'empty' ? '' : (42 as unknown as string)
    },
  },
})

const jobs = createJobs({ redis, store, definitions: [ending, hang, wordless], log })
let worker: JobWorker
beforeAll(async () => {
  worker = await jobs.work({ concurrency: 5 })
})
afterAll(async () => {
  await worker.close()
  await jobs.close()
})

let owners = 0
const newOwner = () => `owner-${++owners}`

/** All that the owner was ever told, once the job has ended. */
async function told(owner: string, id: string): Promise<[number, string][]> {
  await expect.poll(async () => (await jobs.find(id, { owner }))?.outcome, { timeout: 10_000 }).toBeDefined()
  return (await store.inbox(owner)).map(({ level, text }) => [level, text])
}

describe('outcomes', () => {
  it('tells of a success in the words of the definition', async () => {
    const owner = newOwner()
    const { id } = await jobs.enqueue(ending, { how: 'succeed' }, { owner })
    expect(await told(owner, id)).toEqual([[25, 'Read 3 rows.']])
  })

  it('tells of a partial success as a warning, with its link', async () => {
    const owner = newOwner()
    const { id } = await jobs.enqueue(ending, { how: 'part' }, { owner })
    expect(await told(owner, id)).toEqual([[30, 'Read 2 rows, not all.']])
    expect((await store.inbox(owner))[0]?.link).toEqual({ href: '/jobs/1', text: 'Look' })
  })

  it('tells of a JobFailure at once, in its own words', async () => {
    const owner = newOwner()
    const { id } = await jobs.enqueue(ending, { how: 'for people' }, { owner })
    expect(await told(owner, id)).toEqual([[40, 'Could not be read. The file is empty.']])
    expect(await jobs.find(id, { owner })).toMatchObject({
      attempt: 1,
      attempts: 3,
      reason: 'The file is empty.',
    })
  })

  it('tries a JobFailure again where it asks for that, and tells of the last attempt only', async () => {
    const owner = newOwner()
    const { id } = await jobs.enqueue(ending, { how: 'for people, again' }, { owner })
    expect(await told(owner, id)).toEqual([[40, 'Could not be read. The mail server is away.']])
    expect((await jobs.find(id, { owner }))?.attempt).toBe(3)
  })

  it('tells nothing of failed attempts before a success', async () => {
    const owner = newOwner()
    const { id } = await jobs.enqueue(ending, { how: 'flaky' }, { owner })
    expect(await told(owner, id)).toEqual([[25, 'Read 1 rows.']])
  })

  it('does not try again after an UnrecoverableError', async () => {
    const owner = newOwner()
    const { id } = await jobs.enqueue(ending, { how: 'unrecoverable' }, { owner })
    await told(owner, id)
    expect((await jobs.find(id, { owner }))?.attempt).toBe(1)
  })

  it.each(['other', 'string', 'undefined', 'unrecoverable', 'circular'])(
    'hides any other error (%s) behind a fixed sentence with a reference that the log has',
    async how => {
      const owner = newOwner()
      const { id } = await jobs.enqueue(ending, { how }, { owner })
      const [[level, text] = [0, ''], ...more] = await told(owner, id)
      expect(more).toEqual([])
      expect([level, text]).toEqual([
        40,
        expect.stringMatching(
          /^Could not be read\. Something went wrong on our side \(reference [2-9A-Z]{6}\)\.$/,
        ),
      ])
      const reference = /reference (\w+)/.exec(text)?.[1]
      expect(logged.find(({ facts }) => facts.reference === reference)?.facts.err).toBeInstanceOf(Error)
      expect(JSON.stringify(await jobs.find(id, { owner }))).not.toMatch(/secret|script/)
    },
  )

  it('ends a job that takes longer than its time limit, and says so', async () => {
    const owner = newOwner()
    const { id } = await jobs.enqueue(hang, {}, { owner })
    expect(await told(owner, id)).toEqual([
      [40, 'Hang: failed. It took longer than 50 milliseconds and was stopped.'],
    ])
  })

  it.each(['throw', 'empty', 'nonsense'] as const)(
    'ends a job whose text function fails (%s) with a fixed sentence',
    async text => {
      const owner = newOwner()
      const { id } = await jobs.enqueue(wordless, { text }, { owner })
      expect(await told(owner, id)).toEqual([[25, 'Say nothing: done.']])
      expect((await jobs.find(id, { owner }))?.outcome).toBe('success')
    },
  )

  it.each([
    ['whose name no worker knows', 'from-the-future', {}],
    ['whose input is of a newer version', 'ending', { version: 2 }],
  ])('puts a job back %s, for a newer worker, and tells its owner in the end', async (_, name, data) => {
    const owner = newOwner()
    const queue = new Queue('jobs', { connection: redis, prefix })
    const id = `job-${name}-${owner}-from-the-future`
    await queue.add(name, { owner, input: { how: 'succeed' }, ...data }, { jobId: id })
    await expect.poll(async () => (await jobs.find(id, { owner }))?.state).toBe('delayed')
    expect(await store.inbox(owner)).toEqual([])
    await redis.hset(`${prefix}:jobs:${id}`, 'ats', 30) // as often as it is put back
    await (await queue.getJob(id))?.promote()
    const [[level, text] = [0, '']] = await told(owner, id)
    expect([level, text]).toEqual([40, expect.stringMatching(/Something went wrong on our side/)])
    await queue.close()
  })

  it.each([
    ['no owner', { input: {} }],
    ['an owner that is none', { owner: 'x'.repeat(300), input: {} }],
    ['data that is no object', 'data'],
  ])('ends a job with %s, and the log says that nobody was told', async (_, data) => {
    const queue = new Queue('jobs', { connection: redis, prefix })
    const job = await queue.add('ending', data, { jobId: `a-strange-job-of-${newOwner()}` })
    await expect.poll(() => job.getState()).toBe('failed')
    expect(logged).toContainEqual({
      level: 'error',
      facts: expect.objectContaining({ jobId: job.id }),
      text: expect.stringMatching(/does not say whose it is|could not be told/),
    })
    await queue.close()
  })

  it('replaces an unread outcome of the same job only', async () => {
    const owner = newOwner()
    const first = await jobs.enqueue(ending, { how: 'succeed' }, { owner })
    const second = await jobs.enqueue(ending, { how: 'succeed' }, { owner })
    await told(owner, first.id)
    expect(await told(owner, second.id)).toHaveLength(2)
    expect((await store.inbox(owner)).map(({ key }) => key).sort()).toEqual(
      [`job:${first.id}`, `job:${second.id}`].sort(),
    )
  })

  it('keeps the outcome of a job whose owner has a broken list, and ends the job all the same', async () => {
    const owner = newOwner()
    await redis.set(`${prefix}:messages:user:${owner}`, 'not a list')
    const { id } = await jobs.enqueue(ending, { how: 'succeed' }, { owner })
    await expect.poll(async () => (await jobs.find(id, { owner }))?.outcome).toBe('success')
    const undelivered = await redis.lrange(`${prefix}:jobs:undelivered`, 0, -1)
    expect(undelivered.map(entry => JSON.parse(entry))).toContainEqual(
      expect.objectContaining({
        to: expect.objectContaining({ list: `${prefix}:messages:user:${owner}` }),
        message: expect.objectContaining({ json: expect.stringContaining('Read 3 rows.') }),
      }),
    )
  })
})

describe('one step', () => {
  it('writes the end of the job and the message in one transaction of the append-only file', async () => {
    const owner = newOwner()
    const commands = await monitor(url)
    const { id } = await jobs.enqueue(ending, { how: 'succeed' }, { owner })
    await told(owner, id)
    const isPost = ({ words, isInScript }: Monitored) =>
      isInScript && words[0] === 'RPUSH' && words[1] === `${prefix}:messages:user:${owner}`
    await expect.poll(() => commands.some(isPost)).toBe(true)
    const posted = commands.findIndex(isPost)
    const script = commands.slice(
      commands.slice(0, posted).findLastIndex(({ isInScript }) => !isInScript),
      posted,
    )
    expect(script[0]?.words[0]).toMatch(/^eval/i)
    expect(script.map(({ words }) => words.slice(0, 2).join(' '))).toContain(`ZADD ${prefix}:jobs:completed`)
  })

  it('announces nothing for a job that somebody else has ended in the meantime', async () => {
    const owner = newOwner()
    const { jobs: own, worker: slow, finish, close } = await slowWorker('taken-away')
    const { id } = await own.enqueue(slow, {}, { owner })
    await expect.poll(async () => (await own.find(id, { owner }))?.state).toBe('active')
    // The lock goes to another worker: what the first one finishes late must not count.
    await redis.set(`${prefix}:taken-away:${id}:lock`, 'another worker')
    finish()
    await expect
      .poll(() =>
        logged.some(
          ({ text, facts }) => text === 'trouble with the queue' && /lock/i.test(String(facts.err)),
        ),
      )
      .toBe(true)
    expect(await store.inbox(owner)).toEqual([])
    await close()
  })
})

async function slowWorker(queue: string) {
  let finish: () => void = () => {}
  const finished = new Promise<void>(resolve => {
    finish = resolve
  })
  const slow = defineJob({
    name: 'slow',
    title: 'Slow',
    input: z.object({}),
    run: () => finished,
    messages: { success: () => 'Done.' },
  })
  const own = createJobs({ redis, store, definitions: [slow], queue, log })
  const running = await own.work({ concurrency: 1 })
  const close = async () => {
    await running.close({ force: true })
    await own.close()
  }
  return { jobs: own, worker: slow, finish, close, running }
}

describe('enqueueing', () => {
  it('checks the input and says what is wrong, field by field', async () => {
    const refused = await jobs.enqueue(ending, { how: 7 } as never, { owner: 'x' }).catch(error => error)
    expect(refused).toBeInstanceOf(InvalidInputError)
    expect(refused.issues).toEqual([{ path: 'how', message: expect.any(String) }])
  })

  it('starts one job for the same owner, job and idempotency key, also at the same time', async () => {
    const owner = newOwner()
    const all = await Promise.all(
      Array.from({ length: 10 }, () =>
        jobs.enqueue(ending, { how: 'succeed' }, { owner, idempotencyKey: 'form-1' }),
      ),
    )
    const [first] = all
    expect(new Set(all.map(({ id }) => id)).size).toBe(1)
    expect(await told(owner, String(first?.id))).toHaveLength(1)
    // After its end, too.
    await jobs.enqueue(ending, { how: 'succeed' }, { owner, idempotencyKey: 'form-1' })
    expect(await jobs.list({ owner })).toHaveLength(1)
  })

  it('keeps apart the keys of different owners', async () => {
    const [a, b] = await Promise.all(
      [newOwner(), newOwner()].map(owner =>
        jobs.enqueue(ending, { how: 'succeed' }, { owner, idempotencyKey: 'same' }),
      ),
    )
    expect(a?.id).not.toBe(b?.id)
  })

  it('gives ids that can not be guessed', async () => {
    const { id } = await jobs.enqueue(ending, { how: 'succeed' }, { owner: newOwner() })
    expect(id).toMatch(/^[\w-]{22}$/)
  })

  it('never shows a job as ended without its result, however often one looks while it ends', async () => {
    const owner = newOwner()
    const started = await Promise.all(
      Array.from({ length: 20 }, () => jobs.enqueue(ending, { how: 'succeed' }, { owner })),
    )
    const torn: unknown[] = []
    const looks = started.map(async ({ id }) => {
      for (;;) {
        const job = await jobs.find(id, { owner })
        if (job?.outcome && job.result === undefined) torn.push(job)
        if (job?.outcome) return
      }
    })
    await Promise.all(looks)
    expect(torn).toEqual([])
  })

  it.each([
    ['nothing', 'success', (): unknown => undefined],
    ['nothing in part', 'partial', () => partial(undefined)],
    ['what JSON leaves out', 'success', () => Symbol('result')],
    ['null', 'success', (): unknown => null],
  ] as const)('shows that a job returned %s', async (what, outcome, run) => {
    const owner = newOwner()
    const giver = defineJob({ ...hang, name: 'giver', timeLimit: 5_000, run: async () => run() as undefined })
    const queue = `gives-${what.replaceAll(' ', '-')}`
    const givers = createJobs({ redis, store, definitions: [giver], queue })
    const working = await givers.work()
    const { id } = await givers.enqueue(giver, {}, { owner })
    await expect.poll(async () => (await givers.find(id, { owner }))?.outcome).toBe(outcome)
    const job = await givers.find(id, { owner })
    expect(job?.result).toBe(what === 'null' ? null : undefined)
    expect(await store.inbox(owner)).toMatchObject([{ level: outcome === 'partial' ? 30 : 25 }])
    await working.close()
    await givers.close()
  })

  it('shows a job to its owner alone', async () => {
    const owner = newOwner()
    const { id } = await jobs.enqueue(ending, { how: 'succeed' }, { owner })
    expect(await jobs.find(id, { owner })).toMatchObject({
      id,
      name: 'ending',
      title: 'Try an ending',
      input: { how: 'succeed' },
    })
    expect(await jobs.find(id, { owner: 'mallory' })).toBeUndefined()
    expect(await jobs.find('no-such-job', { owner })).toBeUndefined()
    expect(await jobs.list({ owner: 'mallory' })).toEqual([])
  })

  it.each([
    'wait',
    'active',
    'meta',
    'events',
    'undelivered',
    'waiting-children',
    '',
    'x'.repeat(1000),
    'id:lock',
  ])('takes no key of the queue itself for a job: %s', async id => {
    await jobs.enqueue(ending, { how: 'succeed' }, { owner: newOwner() })
    expect(await jobs.find(id, { owner: 'mallory' })).toBeUndefined()
  })

  it('lists the jobs of an owner, newest first', async () => {
    const owner = newOwner()
    const first = await jobs.enqueue(ending, { how: 'succeed' }, { owner })
    await told(owner, first.id)
    const second = await jobs.enqueue(ending, { how: 'part' }, { owner })
    expect((await jobs.list({ owner })).map(({ id }) => id)).toEqual([second.id, first.id])
    expect(await jobs.list({ owner, limit: 1 })).toHaveLength(1)
  })

  it('refuses a definition that it was not given', async () => {
    const stranger = defineJob({ ...ending, name: 'stranger' })
    await expect(jobs.enqueue(stranger, { how: 'x' }, { owner: 'x' })).rejects.toThrow(
      /"stranger" is not among the definitions/,
    )
  })
})

describe('a worker', () => {
  it('finishes what runs before it closes', async () => {
    const owner = newOwner()
    const { jobs: own, worker: slow, finish, running } = await slowWorker('closing')
    const { id } = await own.enqueue(slow, {}, { owner })
    await expect.poll(() => running.running).toBe(1)
    const closed = running.close()
    finish()
    await closed
    expect((await own.find(id, { owner }))?.outcome).toBe('success')
    await own.close()
  })

  it('hands back what runs when it has to leave at once: no attempt is lost, and nobody is told that it failed', async () => {
    const owner = newOwner()
    const first = await slowWorker('leaving')
    const { id } = await first.jobs.enqueue(first.worker, {}, { owner })
    await expect.poll(() => first.running.running).toBe(1)
    await first.running.close({ force: true })
    expect(await first.jobs.find(id, { owner })).toMatchObject({ state: 'waiting', attempt: 0 })
    expect(await store.inbox(owner)).toEqual([])
    const second = await first.jobs.work()
    first.finish()
    await expect.poll(async () => (await store.inbox(owner)).map(({ text }) => text)).toEqual(['Done.'])
    await second.close()
    await first.jobs.close()
  })

  it('refuses to start, and takes no job, where BullMQ has nothing that could be wrapped', async () => {
    const owner = newOwner()
    const { worker: slow, close } = await slowWorker('unwrapped')
    await close()
    const again = createJobs({ redis, store, definitions: [slow], queue: 'unwrapped', log })
    const { id } = await again.enqueue(slow, {}, { owner })
    const prototype = RedisQueueBackend.prototype as unknown as { moveToFinishedArgs?: unknown }
    const { moveToFinishedArgs } = prototype
    try {
      prototype.moveToFinishedArgs = undefined
      const refused = await again.work().catch(error => error)
      expect(refused).toBeInstanceOf(UnwrappableError)
      expect(refused.message).toMatch(
        /BullMQ 6\.\d+\.\d+ can't be made to take or end a job and tell its owner in one step.*Install/,
      )
    } finally {
      prototype.moveToFinishedArgs = moveToFinishedArgs
    }
    expect((await again.find(id, { owner }))?.state).toBe('waiting')
    await again.close()
  })
})
