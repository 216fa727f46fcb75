import { info } from '@tidings/messages'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openScene, type Scene } from '../apps/worker/test/scene.ts'
import { startWeb, startWorker, type TidingsProcess } from './process.ts'
import { Visitor } from './visitor.ts'

const PATIENCE = { timeout: 60_000 }
const LONG = { timeout: 120_000 }

let scene: Scene
let web: TidingsProcess & { address: string }
beforeAll(async () => {
  scene = await openScene()
  web = await startWeb({ REDIS_URL: scene.url, DATA_DIR: scene.dataDir, HEALTH_PORT: '0' })
}, 60_000)
afterAll(async () => {
  await web.end('SIGTERM')
  await scene.close()
})

/** What a process says of itself at this moment, by the names and labels of its metrics. */
async function metricsOf(process: TidingsProcess): Promise<(name: string) => number> {
  const { health } = await process.logged(({ ready }) => ready === true)
  const text = await (await fetch(`${health}/metrics`)).text()
  const values = new Map(
    text
      .split('\n')
      .filter(line => line && !line.startsWith('#'))
      .map(line => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  )
  return name => values.get(name) ?? Number.NaN
}

describe('the metrics of a web process', () => {
  const events = ['posted', 'shown', 'dropped', 'expired'] as const
  const counts = async () => {
    const value = await metricsOf(web)
    return Object.fromEntries(
      events.map(event => [event, value(`tidings_messages_total{event="${event}"}`)] as const),
    ) as Record<(typeof events)[number], number>
  }

  it('are the messages that were posted, shown, dropped and found expired', LONG, async () => {
    const alice = await Visitor.loggedIn(web.address, 'alice')
    await expect.poll(async () => (await alice.get('/')).messages.length, PATIENCE).toBe(0)
    const before = await counts()
    // Two for her browser each time, whose list holds a hundred.
    for (let i = 0; i < 51; i++) expect((await alice.get('/add_messages/')).status).toBeLessThan(400)
    const { id } = (await scene.blog.users.findByName('alice')) ?? { id: '' }
    await scene.store.post(id, info('Too late.', { expiresIn: 1 }))
    let shown = 0
    await expect.poll(async () => (shown += (await alice.get('/')).messages.length), PATIENCE).toBe(100)
    await expect.poll(async () => (await counts()).shown - before.shown, PATIENCE).toBe(shown)
    const after = await counts()
    expect(after.posted - before.posted).toBe(102)
    expect(after.dropped - before.dropped).toBe(2)
    expect(after.expired - before.expired).toBe(1)
    expect((await metricsOf(web))('tidings_shown_after_seconds_count')).toBe(after.shown)
  })

  it('are the jobs that were cancelled there', LONG, async () => {
    const alice = await Visitor.loggedIn(web.address, 'alice')
    const cancelled = async () =>
      (await metricsOf(web))('tidings_outcomes_total{outcome="cancelled",level="error"}')
    expect(await cancelled()).toBe(0)
    // On a machine that has much to do, one may be asked to press again.
    let location = ''
    const press = async () =>
      (await alice.submit('/jobs', '/jobs/demo', { label: 'x', seconds: '0' })).location
    await expect.poll(async () => (location = await press()), PATIENCE).toMatch(/^\/jobs\/./)
    await alice.submit(location, `${location}/cancel`, {})
    expect(await cancelled()).toBe(1)
  })

  it('are the streams that are open', LONG, async () => {
    const alice = await Visitor.loggedIn(web.address, 'alice')
    const open = async () => (await metricsOf(web))('tidings_open_streams{of="messages"}')
    const stops = [new AbortController(), new AbortController(), new AbortController()]
    for (const { signal } of stops) await alice.open('/messages/stream', signal)
    expect(await open()).toBe(3)
    stops[0]?.abort()
    await expect.poll(open, PATIENCE).toBe(2)
    for (const stop of stops) stop.abort()
    await expect.poll(open, PATIENCE).toBe(0)
  })
})

describe('the metrics of a worker', () => {
  it('are what is owed and for how long, what could not be delivered, was dropped, or was picked up again', {
    timeout: 180_000,
  }, async () => {
    const env = { REDIS_URL: scene.url, DATA_DIR: scene.dataDir, HEALTH_PORT: '0' }
    const killed = await startWorker(env, '-c', '1')
    const held = await scene.demo({ outcome: 'hang' })
    await killed.logged(({ jobId, msg }) => jobId === held.id && msg === 'job started')
    // Jobs that nobody takes, because the one worker is busy; the first should have been picked up a minute ago.
    const full = await scene.demo({}, 'full')
    const broken = await scene.demo({}, 'broken')
    await scene.redis.zadd('{tidings}:jobs:ledger', Date.now() - 60_000, full.id)
    await scene.store.post(
      'full',
      Array.from({ length: 100 }, () => info('One of many.')),
    )
    await scene.redis.set(scene.store.postArguments('broken').keys[0], 'no list')
    const busy = await metricsOf(killed)
    expect(busy('tidings_ledger_jobs{queue="jobs"}')).toBe(3)
    expect(busy('tidings_ledger_overdue_seconds{queue="jobs"}')).toBeGreaterThanOrEqual(60)
    expect(busy('tidings_oldest_waiting_seconds{queue="jobs"}')).toBeGreaterThan(0)
    expect(busy('tidings_jobs_by_name{queue="jobs",state="running",job="demo"}')).toBe(1)
    expect(busy('tidings_jobs_by_name{queue="jobs",state="waiting",job="demo"}')).toBe(2)
    expect(busy('tidings_worker_running_jobs')).toBe(1)

    await killed.end('SIGKILL')
    const worker = await startWorker(env)
    const now = async (name: string) => (await metricsOf(worker))(name)
    await expect.poll(() => now('tidings_undelivered_messages{queue="jobs"}'), PATIENCE).toBe(1)
    await expect.poll(() => now('tidings_dropped_for_outcomes_total{queue="jobs"}'), PATIENCE).toBe(1)
    await expect.poll(() => now('tidings_jobs_stalled_total'), PATIENCE).toBe(1)
    expect(await now('tidings_outcomes_total{outcome="success",level="success"}')).toBe(2)
    expect(await now('tidings_ledger_jobs{queue="jobs"}')).toBe(1)
    expect((await broken.find())?.state).toBe('completed')
    await scene.jobs.cancel(held.id, {})
    await expect
      .poll(() => now('tidings_outcomes_total{outcome="cancelled",level="error"}'), PATIENCE)
      .toBe(1)
    expect(await now('tidings_ledger_jobs{queue="jobs"}')).toBe(0)
    await worker.end('SIGTERM')
  })
})
