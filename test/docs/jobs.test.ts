import { createJobs, defineJob, type Jobs, type JobsOptions } from '@tidings/jobs'
import { performJob } from '@tidings/jobs/testing'
import { RedisMessageStore } from '@tidings/messages'
import { Cluster, Redis } from 'ioredis'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { z } from 'zod'
import { inviteToAll } from '../../docs/examples/batch.ts'
import { defineCharge } from '../../docs/examples/charge.ts'
import { jobsOnCluster } from '../../docs/examples/cluster.ts'
import { countWords } from '../../docs/examples/count-words.ts'
import { fairJobsOn } from '../../docs/examples/fair.ts'
import { tellProgress } from '../../docs/examples/follow.ts'
import { countedJobs, measure } from '../../docs/examples/job-numbers.ts'
import { addJobPages } from '../../docs/examples/job-page.ts'
import { sendInvitations } from '../../docs/examples/jobs.ts'
import { sendNewsletter } from '../../docs/examples/newsletter.ts'
import { inviteRegulars, inviteRegularsNoMore, nextRuns } from '../../docs/examples/schedule.ts'
import { copyRows } from '../../docs/examples/signal.ts'
import { readUpload, startReading } from '../../docs/examples/upload.ts'
import { remind } from '../../docs/examples/versions.ts'
import { testRedis } from '../redis.ts'
import { startRedisCluster } from '../redis-cluster.ts'
import { siteWith } from './site.ts'

const { redis, url, prefix } = testRedis()
const store = new RedisMessageStore({ redis, prefix })

let queues = 0
let owner = ''
beforeEach(() => {
  owner = `owner-${++queues}`
})

/** Jobs of a queue of their own, until the test is over. */
function newJobs(options: Partial<JobsOptions>): Jobs {
  const all = { redis, store, definitions: [], queue: `docs-${queues}`, sweepEvery: 0 }
  return closed(createJobs({ ...all, ...options }))
}

function closed(jobs: Jobs): Jobs {
  onTestFinished(() => jobs.close())
  return jobs
}

async function work(jobs: Jobs, concurrency = 5): Promise<void> {
  const worker = await jobs.work({ concurrency })
  onTestFinished(() => worker.close({ force: true }))
}

/** What the owner was told, oldest first. */
async function told(of = owner, from = store): Promise<[level: number, text: string][]> {
  const inbox = await from.inbox(of)
  return inbox.map(({ level, text }): [number, string] => [level, text]).reverse()
}

const soon = { timeout: 10_000 }

describe('the examples of jobs', () => {
  it('have every option, and say all that an outcome may say', async () => {
    const jobs = newJobs({ definitions: [sendNewsletter] })
    const input = { issue: 7, readers: ['ada@example.org', 'bob@example.org'] }
    const first = await jobs.enqueue(sendNewsletter, input, { owner })
    expect(await jobs.enqueue(sendNewsletter, input, { owner })).toEqual(first)
    expect(await told()).toEqual([[20, 'Issue 7 is being sent.']])
    await work(jobs)
    await expect.poll(() => told(), soon).toEqual([[25, 'Issue 7 went to 2 readers.']])
    expect((await store.inbox(owner))[0]).toMatchObject({
      tags: 'newsletter success',
      link: { href: '/issues/7' },
      job: first.id,
      data: { sent: 2 },
    })
    const { messages } = await performJob(sendNewsletter, { issue: 8, readers: ['nobody'] })
    expect(messages.map(({ level, text }) => [level, text])).toEqual([
      [30, 'Issue 8 went to 0 readers, not to all.'],
    ])
    await jobs.enqueue(sendNewsletter, { ...input, issue: 9 }, { owner, delay: 60_000 })
    const [latest] = await jobs.list({ owner, limit: 1 })
    expect(await jobs.cancel(latest?.id ?? '', { owner })).toBe('cancelled')
    expect(await told()).toContainEqual([40, 'Issue 9 was not sent. It was cancelled.'])
  })

  it('fail in words of their own, and give up by themselves', async () => {
    const refused = await performJob(
      defineCharge(async () => 'refused'),
      { order: '1' },
    )
    expect([refused.attempt, refused.message.text]).toEqual([
      1,
      'Order 1 is not paid. The bank refused the card.',
    ])
    const charge = defineCharge(async () => 'closed')
    const jobs = newJobs({ definitions: [charge] })
    await work(jobs)
    const { id } = await jobs.enqueue(charge, { order: '2' }, { owner })
    await expect.poll(async () => (await jobs.find(id, { owner }))?.state, soon).toBe('delayed')
    expect(await jobs.find(id, { owner })).toMatchObject({ attempt: 1, attempts: 10 })
    expect(await told()).toEqual([])
  })

  it('tell how a job goes until it has ended', async () => {
    const jobs = newJobs({ definitions: [sendInvitations] })
    const { id } = await jobs.enqueue(sendInvitations, { addresses: ['ada@example.org'] }, { owner })
    const said: string[] = []
    const telling = tellProgress(jobs, id, words => said.push(words))
    await expect.poll(() => said, soon).toEqual(['Send invitations: place 1'])
    await work(jobs)
    await telling
    expect(said.at(-1)).toBe('Send invitations: success')
  })

  it('start once what a form asks for, and refuse in words what can not be', async () => {
    const jobs = newJobs({ definitions: [readUpload], maxPerOwner: 1 })
    const form = { owner, key: 'form-1', name: 'a.csv', content: '1;2' }
    const first = await startReading(jobs, form)
    expect(first).toEqual({ status: 303, job: expect.any(String) })
    expect(await startReading(jobs, form)).toEqual(first)
    expect(await startReading(jobs, { ...form, content: '3;4' })).toEqual({
      status: 409,
      code: 'TIDINGS_KEY_REUSED',
    })
    expect(await startReading(jobs, { ...form, key: 'form-2' })).toEqual({
      status: 429,
      code: 'TIDINGS_TOO_MANY_JOBS',
    })
    expect(await startReading(jobs, { ...form, name: 'x'.repeat(81) })).toMatchObject({ status: 422 })
    const away = new Redis({ port: 1, lazyConnect: true, maxRetriesPerRequest: 0, retryStrategy: () => null })
    away.on('error', () => {})
    const offline = newJobs({ redis: away, definitions: [readUpload], timeout: 500 })
    expect(await startReading(offline, form)).toMatchObject({ status: 503 })
  })

  it('tell of a batch in one message', async () => {
    const jobs = newJobs({ definitions: [sendInvitations] })
    await work(jobs)
    const ids = await inviteToAll(jobs, owner, [['a@b.c'], [], ['d@e.f']])
    expect(ids).toHaveLength(3)
    const text = 'The guests of 2 of 3 parties are invited; 1 lists were no good.'
    await expect.poll(() => told(), soon).toEqual([[40, text]])
  })

  it('run by the clock of a time zone', async () => {
    const jobs = newJobs({ definitions: [sendInvitations] })
    await inviteRegulars(jobs, owner, ['a@b.c'])
    await inviteRegulars(jobs, owner, ['a@b.c', 'd@e.f'])
    const [run = '', ...more] = await nextRuns(jobs, owner)
    expect(more).toEqual([])
    const next = new Date(run.replace('regulars: ', ''))
    const inBerlin = next.toLocaleString('en-GB', { timeZone: 'Europe/Berlin', timeStyle: 'short' })
    expect([inBerlin, next.getUTCDay()]).toEqual(['09:00', 1])
    expect(await inviteRegularsNoMore(jobs, owner)).toBe(true)
    expect(await nextRuns(jobs, owner)).toEqual([])
  })

  it('let owners take turns', async () => {
    const log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log }
    const database = new Redis(`${url}?db=2`, { maxRetriesPerRequest: null })
    onTestFinished(() => database.disconnect())
    const jobs = closed(fairJobsOn(database, log))
    const enqueue = (of: string) => jobs.enqueue(sendInvitations, { addresses: ['a@b.c'] }, { owner: of })
    const busy = [await enqueue('busy'), await enqueue('busy'), await enqueue('busy')]
    const other = await enqueue('other')
    await work(jobs, 1)
    const ended = async ({ id }: { id: string }) => (await jobs.find(id, {}))?.finishedAt?.getTime()
    await expect.poll(async () => Promise.all([...busy, other].map(ended)), soon).not.toContain(undefined)
    expect(await ended(other)).toBeLessThanOrEqual((await ended(busy[1] ?? other)) ?? 0)
  })

  it('show a user their jobs, and have them cancelled and tried again', async () => {
    const jobs = newJobs({ definitions: [sendInvitations] })
    const site = await siteWith(app => addJobPages(app, jobs))
    await site.login(owner)
    const { id } = await jobs.enqueue(sendInvitations, { addresses: [] }, { owner })
    const other = await jobs.enqueue(sendInvitations, { addresses: [] }, { owner: 'mallory' })
    const send = async (method: 'GET' | 'POST', path: string) => {
      const { statusCode, body } = await site.send({ method, url: path })
      return [statusCode, body && JSON.parse(body)]
    }
    const mine = [expect.objectContaining({ id, title: 'Send invitations' })]
    expect(await send('GET', '/jobs')).toEqual([200, mine])
    expect(await send('GET', `/jobs/${id}`)).toEqual([
      200,
      { title: 'Send invitations', state: 'waiting', percent: 0 },
    ])
    expect(await send('GET', `/jobs/${other.id}`)).toEqual([404, ''])
    expect(await send('POST', `/jobs/${other.id}/cancel`)).toEqual([404, ''])
    expect(await send('POST', `/jobs/${id}/retry`)).toEqual([409, ''])
    expect(await send('POST', `/jobs/${id}/cancel`)).toEqual([200, { message: 'It is cancelled.' }])
    expect(await send('POST', `/jobs/${id}/cancel`)).toEqual([409, { message: 'It has ended already.' }])
    expect(await send('POST', `/jobs/${id}/retry`)).toEqual([202, ''])
    await work(jobs)
    await expect.poll(() => told(), soon).toEqual([[40, 'The invitations were not sent. The list is empty.']])
  })

  it('stop when they are told to, and say how far they came', async () => {
    const jobs = newJobs({ definitions: [copyRows] })
    await work(jobs)
    const late = await jobs.enqueue(copyRows, { rows: 1000, each: 10 }, { owner })
    const row = async () => (await jobs.find(late.id, { owner }))?.progress?.text
    await expect.poll(row, soon).toMatch(/^row \d+$/)
    await expect
      .poll(() => told(), soon)
      .toEqual([[30, expect.stringMatching(/^Time was up after \d+ rows/)]])
    const stopped = await jobs.enqueue(copyRows, { rows: 1, each: 400 }, { owner })
    const state = async () => (await jobs.find(stopped.id, { owner }))?.state
    await expect.poll(state, { ...soon, interval: 10 }).toBe('active')
    expect(await jobs.cancel(stopped.id, { owner })).toBe('cancelling')
    await expect.poll(async () => (await told()).at(-1), soon).toEqual([40, 'Copy rows: cancelled.'])
  })

  it('run in a process of their own', async () => {
    const jobs = newJobs({ definitions: [countWords] })
    await work(jobs)
    await jobs.enqueue(countWords, { text: 'one  two three' }, { owner })
    await expect.poll(() => told(), soon).toEqual([[25, '3 words.']])
  })

  it('understand the input of the last release, whose workers leave them the new one', async () => {
    const before = defineJob({
      name: remind.name,
      input: z.object({ mail: z.string() }),
      run: async () => 1,
      messages: { success: () => 'by the last release' },
    })
    const old = newJobs({ definitions: [before] })
    const next = newJobs({ definitions: [remind] })
    await old.enqueue(before, { mail: 'ada@example.org' }, { owner })
    await work(next)
    await expect.poll(() => told(), soon).toEqual([[25, '1 were reminded.']])

    const other = `${owner}-b`
    const [behind, ahead] = [{ definitions: [before] }, { definitions: [remind] }].map(options =>
      newJobs({ ...options, queue: `docs-${queues}-b` }),
    )
    if (!behind || !ahead) throw new Error('two were made')
    await work(behind)
    const { id } = await ahead.enqueue(remind, { mails: ['a', 'b'] }, { owner: other })
    await expect.poll(async () => (await ahead.find(id, {}))?.state, soon).toBe('delayed')
    expect(await told(other)).toEqual([])
  })

  it('count what happens, and measure what is owed', async () => {
    const numbers = new Map<string, number>()
    const keep = {
      count: (name: string, by: number) => void numbers.set(name, (numbers.get(name) ?? 0) + by),
      set: (name: string, value: number) => void numbers.set(name, value),
    }
    const jobs = closed(countedJobs(redis, store, keep))
    await jobs.enqueue(sendInvitations, { addresses: ['a@b.c'] }, { owner })
    await measure(jobs, keep)
    expect(Object.fromEntries(numbers)).toEqual({
      jobs_waiting: expect.any(Number),
      jobs_running: 0,
      jobs_owed: numbers.get('jobs_waiting'),
      jobs_overdue_ms: 0,
      jobs_undelivered: 0,
    })
    expect(numbers.get('jobs_owed')).toBe(1)
    await work(jobs)
    await expect.poll(() => numbers.get('jobs_success'), soon).toBe(1)
    expect(jobs.counts.success).toBe(1)
  })

  it('are spread over a cluster, each owner in one slot of it', { timeout: 40_000 }, async () => {
    const cluster = await startRedisCluster()
    onTestFinished(cluster.end)
    const connection = new Cluster([...cluster.nodes])
    onTestFinished(() => connection.disconnect())
    const { jobs, store: lists } = jobsOnCluster(connection)
    closed(jobs)
    await work(jobs, 8)
    const owners = Array.from({ length: 10 }, (_, i) => `user-${i}`)
    for (const of of owners) await jobs.enqueue(sendInvitations, { addresses: ['a@b.c'] }, { owner: of })
    await expect
      .poll(() => Promise.all(owners.map(of => told(of, lists))), soon)
      .toEqual(owners.map(() => [[25, 'Sent 1 invitations.']]))
    expect(new Set(owners.map(of => lists.prefixOf(of))).size).toBeGreaterThan(3)
  })
})

// A test in itself.
await import('../../docs/examples/test-jobs.ts')
