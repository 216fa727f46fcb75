import { RedisMessageStore } from '@tidings/messages'
import type { Cluster, Redis } from 'ioredis'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createJobs, defineJob, JobFailure, type Jobs, type JobsOptions, partial } from '../src/index.ts'
import { messagesOf, untilState } from './owner.ts'

/** Two connections to the same Redis, as two processes have them. */
export interface TwoConnections {
  readonly redis: Redis | Cluster
  readonly elsewhere: Redis | Cluster
}

const ran: string[] = []
/** A job that ends as it is told. */
export const ending = defineJob({
  name: 'ending',
  title: 'Try an ending',
  input: z.object({ how: z.string() }),
  attempts: 2,
  unique: ({ input }) => (input.how === 'only one' ? 'it' : crypto.randomUUID()),
  async run({ input: { how }, attempt, owner, signal, progress }) {
    ran.push(owner)
    await progress(50, 'half')
    if (how === 'part') return partial({ rows: 2 })
    if (how === 'fail') throw new JobFailure('The file is empty.')
    if (how === 'flaky' && attempt === 1) throw new Error('not yet')
    if (how === 'wait')
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    return { rows: 3 }
  },
  messages: {
    started: ({ input }) => (input.how === 'quiet' ? undefined : 'It has started.'),
    success: ({ result }) => `Read ${result.rows} rows.`,
    partial: ({ result }) => `Read ${result.rows} rows, not all.`,
    failure: ({ reason }) => `Could not be read. ${reason}`,
  },
})

const WELL = [25, 'Read 3 rows.']
const CANCELLED = [40, 'Try an ending: cancelled.']

/** Every way in which a job can end, for an owner of each shard: each is one step, which is refused where it touches two slots. */
export function testEndings(title: string, shards: number, connect: () => TwoConnections): void {
  describe(title, () => {
    const prefix = `{endings-${shards}}`
    let store: RedisMessageStore
    let owners: string[]
    let queues = 0
    let turn = 0
    const opened: { close(): Promise<void> }[] = []
    beforeAll(() => {
      store = new RedisMessageStore({ redis: connect().redis, prefix, shards })
    })
    afterEach(async () => {
      for (const one of opened.splice(0).reverse()) await one.close()
    })

    /** One to enqueue, another one to run, over connections of their own. */
    function open(options: Partial<JobsOptions> = {}) {
      const { redis, elsewhere } = connect()
      const shared = { definitions: [ending], queue: `endings-${++queues}`, sweepEvery: 0, ...options }
      const jobs = createJobs({ ...shared, redis, store })
      const other = createJobs({ ...shared, redis: elsewhere, store })
      opened.push(jobs, other)
      owners = ownersOfEachShard(store, ++turn)
      const work = async (concurrency = 2 * shards) => {
        const worker = await other.work({ concurrency, lockDuration: 2000, stalledInterval: 1000 })
        opened.push(worker)
        return worker
      }
      const key = (owner: string, name: string) => `${store.prefixOf(owner)}:${shared.queue}:${name}`
      return { redis, jobs, work, key }
    }
    const enqueueAll = (jobs: Jobs, how: string, options: { delay?: number } = {}) =>
      Promise.all(
        owners.map(async owner => ({
          owner,
          id: (await jobs.enqueue(ending, { how }, { owner, ...options })).id,
        })),
      )
    const each = async (step: (owner: string) => Promise<unknown>) => {
      for (const owner of owners) await step(owner)
    }
    const eachIsTold = (...expected: unknown[]) =>
      each(async owner =>
        expect.poll(() => messagesOf(store, owner, expected.length), { timeout: 10_000 }).toEqual(expected),
      )

    it.each([
      ['succeed', WELL],
      ['part', [30, 'Read 2 rows, not all.']],
      ['fail', [40, 'Could not be read. The file is empty.']],
      ['flaky', WELL],
    ])('a job that is to %s says that it has started, and then how it ended', async (how, outcome) => {
      const { redis, jobs, work, key } = open()
      const all = await enqueueAll(jobs, how)
      await eachIsTold([20, 'It has started.'])
      await work()
      await eachIsTold(outcome)
      for (const { owner, id } of all) {
        expect(await jobs.find(id, { owner })).toMatchObject({ progress: { fraction: 0.5, text: 'half' } })
        expect((await jobs.list({ owner })).map(job => job.id)).toEqual([id])
        expect(await redis.exists(key(owner, 'ledger'))).toBe(0)
      }
      expect(await jobs.sweep()).toMatchObject({ owed: 0, told: 0, undelivered: 0 })
    })

    it('a job that waits is cancelled, and runs when it is tried again by hand', async () => {
      const { jobs, work } = open()
      const waiting = await enqueueAll(jobs, 'succeed')
      for (const { id, owner } of waiting) expect(await jobs.cancel(id, { owner })).toBe('cancelled')
      await eachIsTold(CANCELLED)
      for (const { id, owner } of waiting) expect(await jobs.retry(id, { owner })).toBe(true)
      await work()
      await eachIsTold(WELL)
    })

    it('a job that runs, or is delayed, is cancelled from another connection', async () => {
      const { jobs, work } = open()
      await work()
      const running = await enqueueAll(jobs, 'wait')
      for (const { id } of running) await untilState(jobs, id, 'active')
      for (const { id, owner } of running) expect(await jobs.cancel(id, { owner })).toBe('cancelling')
      await eachIsTold(CANCELLED)
      const delayed = await enqueueAll(jobs, 'quiet', { delay: 60_000 })
      for (const { id } of delayed) expect(await jobs.cancel(id, {})).toBe('cancelled')
      await eachIsTold(CANCELLED, CANCELLED)
    })

    it('a job that is removed is told as cancelled by the sweep', async () => {
      const { redis, jobs, key } = open()
      for (const { owner, id } of await enqueueAll(jobs, 'succeed')) {
        await redis.lrem(key(owner, 'wait'), 1, id)
        await redis.del(key(owner, id))
      }
      expect(await jobs.sweep()).toMatchObject({ told: owners.length })
      await eachIsTold(CANCELLED)
      expect(await jobs.sweep()).toMatchObject({ told: 0, owed: 0 })
    })

    it('a job that nobody picks up takes longer, and then ends', async () => {
      const { redis, jobs, work, key } = open()
      for (const { owner, id } of await enqueueAll(jobs, 'quiet'))
        await redis.zadd(key(owner, 'ledger'), Date.now() - 1, id)
      expect(await jobs.sweep()).toMatchObject({ reminded: owners.length })
      await eachIsTold([20, 'Try an ending is taking longer than expected.'])
      await work()
      await eachIsTold(WELL)
    })

    it('a batch ends in one message', async () => {
      const { jobs, work } = open()
      const inputs = ['succeed', 'part', 'fail'].map(how => ({ how }))
      await each(owner => jobs.enqueueBatch(ending, inputs, { owner }))
      await work()
      await eachIsTold([40, 'Try an ending: 2 of 3 finished, 1 failed.'])
    })

    it('a schedule runs, is listed and ends', async () => {
      const { jobs, work } = open()
      const often = { id: 'often', every: 1000 }
      await each(owner => jobs.schedule(ending, { how: 'succeed' }, { owner, ...often }))
      await work()
      await each(async owner => {
        expect((await messagesOf(store, owner, 2)).slice(0, 2)).toEqual([WELL, WELL])
        expect(await jobs.schedules({ owner })).toMatchObject([often])
        expect(await jobs.unschedule(ending, { owner, id: 'often' })).toBe(true)
      })
      await expect.poll(async () => (await jobs.sweep())?.owed).toBe(0)
    })

    it('owners of a shard take turns, and none has more than they may', async () => {
      const { jobs, work } = open({ fair: true, maxPerOwner: 6 })
      const [busy = ''] = owners
      const other = neighbourOf(store, busy)
      owners = [busy, other]
      for (let i = 0; i < 6; i++) await jobs.enqueue(ending, { how: 'succeed' }, { owner: busy })
      await jobs.enqueue(ending, { how: 'succeed' }, { owner: other })
      await expect(jobs.enqueue(ending, { how: 'succeed' }, { owner: busy })).rejects.toThrow(/6/)
      await work(1)
      await messagesOf(store, busy, 6)
      await expect.poll(() => ran.filter(owner => owner === busy)).toHaveLength(6)
      expect(ran.filter(owner => owners.includes(owner)).indexOf(other)).toBeLessThanOrEqual(1)
    })

    it('a key starts one job, and so does a definition of which there is one at a time', async () => {
      const { jobs } = open()
      await each(async owner => {
        const keyed = () => jobs.enqueue(ending, { how: 'quiet' }, { owner, idempotencyKey: 'form' })
        expect(await keyed()).toEqual(await keyed())
        const only = () => jobs.enqueue(ending, { how: 'only one' }, { owner })
        expect(await only()).toEqual(await only())
        expect(await jobs.list({ owner })).toHaveLength(2)
      })
    })

    it('what can not be delivered is delivered when it can be', async () => {
      const { redis, jobs, work } = open()
      const lists = owners.map(owner => store.postArguments(owner).keys[0])
      for (const list of lists) await redis.set(list, 'not a list')
      const all = await enqueueAll(jobs, 'succeed')
      await work()
      for (const { id } of all) await untilState(jobs, id, 'completed')
      expect(await jobs.sweep()).toMatchObject({ undelivered: owners.length })
      for (const list of lists) await redis.del(list)
      expect(await jobs.sweep()).toMatchObject({ undelivered: 0, delivered: owners.length })
      await eachIsTold(WELL)
    })

    it('a shard that can not be looked after keeps none of the others from it', async () => {
      const { redis, jobs, key } = open()
      const [broken = '', ...whole] = owners
      for (const { owner, id } of await enqueueAll(jobs, 'succeed')) {
        await redis.lrem(key(owner, 'wait'), 1, id)
        await redis.del(key(owner, id), ...(owner === broken ? [key(owner, 'ledger')] : []))
      }
      await redis.set(key(broken, 'ledger'), 'not a ledger')
      await expect(jobs.sweep()).rejects.toThrow(/WRONGTYPE/)
      owners = whole
      await eachIsTold(CANCELLED)
    })

    it('what ran when its worker left at once runs in another one', async () => {
      const { jobs, work } = open()
      const first = await work()
      const all = await enqueueAll(jobs, 'wait')
      for (const { id } of all) await untilState(jobs, id, 'active')
      await first.close({ force: true })
      for (const { id, owner } of all)
        expect(await jobs.find(id, { owner })).toMatchObject({ state: 'waiting', attempt: 0 })
      await work()
      for (const { id } of all) await untilState(jobs, id, 'active')
      for (const { id, owner } of all) await jobs.cancel(id, { owner })
      await eachIsTold(CANCELLED)
    })
  })
}

/** Owners of whom each shard has one, others with each turn. */
export function ownersOfEachShard(store: RedisMessageStore, turn: number): string[] {
  const found: string[] = []
  for (let i = 0; found.filter(Boolean).length < store.shards; i++) {
    const owner = `owner-${turn}-${i}`
    found[store.shardOf(owner)] ??= owner
  }
  return found
}

function neighbourOf(store: RedisMessageStore, owner: string): string {
  for (let i = 0; ; i++) {
    const other = `${owner}-${i}`
    if (store.shardOf(other) === store.shardOf(owner)) return other
  }
}
