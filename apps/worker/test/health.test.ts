import { createJobs, defineJob } from '@tidings/jobs'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { start, startWorker, type TidingsProcess } from '../../../test/process.ts'
import { openGate } from '../../web/test/gate.ts'
import { openScene, type Scene } from './scene.ts'

const STRANGE = { name: 'of-another-app', input: z.object({}), run: async () => {} }

let scene: Scene
beforeAll(async () => {
  scene = await openScene()
})
afterAll(() => scene.close())
beforeEach(async () => {
  await scene.redis.flushdb()
})

async function startAnswering(env: Record<string, string>, ...args: string[]) {
  const worker = await startWorker(env, '--health-port', '0', ...args)
  const at = String(worker.log.find(({ ready }) => ready)?.health)
  const get = async (path: string) => {
    const response = await fetch(at + path)
    return {
      status: response.status,
      text: await response.text(),
      type: response.headers.get('content-type'),
    }
  }
  return { worker, at, get }
}

describe('the health port of a worker', () => {
  it('says that it is up and takes jobs', async () => {
    const { worker, get } = await startAnswering({ REDIS_URL: scene.url })
    expect(await get('/healthz')).toMatchObject({ status: 200, text: 'up\n' })
    expect(await get('/readyz')).toMatchObject({ status: 200, text: 'ready\n' })
    expect((await get('/')).status).toBe(404)
    await worker.end('SIGTERM')
  })

  it('says that it isn’t ready while it looks for Redis, or stops', async () => {
    const env = { REDIS_URL: 'redis://127.0.0.1:1', HEALTH_PORT: '0' }
    const looking = start(['apps/worker/dist/cli.js', 'worker', '--log-level', 'debug'], env)
    const { health } = await looking.logged(({ health }) => health !== undefined)
    const response = await fetch(`${health}/readyz`)
    expect([response.status, await response.text()]).toEqual([503, 'not ready: it is starting\n'])
    expect((await fetch(`${health}/healthz`)).status).toBe(200)
    await looking.end('SIGTERM')

    const { worker, get } = await startAnswering({ REDIS_URL: scene.url })
    const { id } = await scene.demo({ seconds: 3 })
    await worker.logged(({ jobId, msg }) => jobId === id && msg === 'job started')
    const ended = worker.end('SIGTERM')
    await worker.logged(({ msg }) => /^stopping/.test(msg))
    expect(await get('/readyz')).toMatchObject({ status: 503, text: 'not ready: it is stopping\n' })
    expect((await ended).code).toBe(0)
  })

  it('turns red when its connection is black-holed, and green again when jobs come', async () => {
    const gate = await openGate(scene.url)
    const { worker, get } = await startAnswering({
      REDIS_URL: `redis://${gate.address.host}:${gate.address.port}`,
    })
    expect((await get('/readyz')).status).toBe(200)
    // As docker-compose.yml has it looked after.
    const container = () => healthCheck(worker, '/readyz')
    expect(await container()).toBe(0)
    gate.hang()
    const patience = { timeout: 60_000, interval: 250 }
    await expect
      .poll(async () => (await get('/readyz')).text, patience)
      .toMatch(/Redis has not answered it for \d+ s/)
    expect((await get('/healthz')).status).toBe(200)
    expect(await container()).toBe(1)
    expect((await get('/metrics')).text).toMatch(/^tidings_redis_up 0$/m)
    await gate.open()
    const { find } = await scene.demo()
    await expect.poll(async () => (await find())?.state, patience).toBe('completed')
    await expect.poll(async () => (await get('/readyz')).status, patience).toBe(200)
    expect(await container()).toBe(0)
    await worker.end('SIGTERM')
    await gate.close()
  })

  it('refuses a port that is taken, in a sentence', async () => {
    const { worker, at } = await startAnswering({ REDIS_URL: scene.url })
    const second = start(['apps/worker/dist/cli.js', 'worker', '--health-port', new URL(at).port], {
      REDIS_URL: scene.url,
    })
    expect((await second.ended).code).toBe(1)
    expect(second.stderr()).toMatch(
      /^HEALTH_PORT: port \d+ on 127\.0\.0\.1 is taken already\. Choose another one\.$/m,
    )
    await worker.end('SIGTERM')
  })
})

it('the metrics are what the jobs were', async () => {
  const { worker, get } = await startAnswering({ REDIS_URL: scene.url })
  const outcomes = ['succeed', 'succeed', 'succeed', 'partial', 'fail'] as const
  for (const outcome of outcomes) await scene.demo({ outcome }, 'ann')
  const read = async () => {
    const { text, type } = await get('/metrics')
    expect(type).toMatch(/^text\/plain; version=0\.0\.4/)
    return new Map(
      text
        .split('\n')
        .filter(line => line && !line.startsWith('#'))
        .map(line => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
    )
  }
  await expect
    .poll(async () => (await read()).get('tidings_outcomes_total{outcome="failure",level="error"}'), {
      timeout: 30_000,
    })
    .toBe(1)
  const metrics = await read()
  const expected = {
    'tidings_outcomes_total{outcome="success",level="success"}': 3,
    'tidings_outcomes_total{outcome="partial",level="warning"}': 1,
    'tidings_job_duration_seconds_count{job="demo",outcome="success"}': 3,
    'tidings_job_duration_seconds_count{job="demo",outcome="failure"}': 1,
    'tidings_jobs{queue="jobs",state="completed"}': 4,
    'tidings_jobs{queue="jobs",state="failed"}': 1,
    'tidings_jobs{queue="jobs",state="waiting"}': 0,
    'tidings_ledger_jobs{queue="jobs"}': 0,
    'tidings_undelivered_messages{queue="jobs"}': 0,
    'tidings_workers{queue="jobs"}': 1,
    tidings_redis_up: 1,
  }
  expect(Object.fromEntries(Object.keys(expected).map(name => [name, metrics.get(name)]))).toEqual(expected)
  expect(metrics.get('nodejs_eventloop_lag_seconds')).toBeGreaterThanOrEqual(0)

  const { id } = await scene.demo({ outcome: 'hang' })
  await worker.logged(({ jobId, msg }) => jobId === id && msg === 'job started')
  const { redis, store } = scene
  const strange = defineJob({ ...STRANGE, messages: { success: () => 'Done.' } })
  const others = createJobs({ redis, store, definitions: [strange], sweepEvery: 0 })
  for (let i = 0; i < 2; i++) await others.enqueue(strange, {}, { owner: 'ann', delay: 60_000 })
  const now = await read()
  const byName = (job: string, state: string) =>
    now.get(`tidings_jobs_by_name{queue="jobs",state="${state}",job="${job}"}`)
  expect([byName('demo', 'running'), byName('demo', 'waiting'), byName('import-posts', 'running')]).toEqual([
    1, 0, 0,
  ])
  expect([byName('(unknown)', 'delayed'), byName(STRANGE.name, 'delayed')]).toEqual([2, undefined])
  expect(now.get('tidings_jobs_beyond_names{queue="jobs",state="delayed"}')).toBe(0)
  expect(now.get('tidings_ledger_jobs{queue="jobs"}')).toBe(3)
  await scene.jobs.cancel(id, {})
  await others.close()
  await worker.end('SIGTERM')
})

/** The exit code of the image's health check. */
async function healthCheck({ log }: TidingsProcess, path: string): Promise<number | null> {
  const { port } = new URL(String(log.find(({ ready }) => ready)?.health))
  const check = start(['docker/health-check.mjs', path], { HEALTH_PORT: port })
  return (await check.ended).code
}
