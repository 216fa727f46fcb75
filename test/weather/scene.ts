import { setTimeout as pause } from 'node:timers/promises'
import { expect } from 'vitest'
import { startWeb, startWorker, type TidingsProcess } from '../process.ts'
import { type RedisServer, serverDirectory, startRedisServer } from '../redis-server.ts'
import { type Page, textOf, Visitor } from '../visitor.ts'
import { openProxy, type WeatherProxy } from './proxy.ts'

/** Within this the site answers whatever Redis does (promise P4: a second), and half as much again for a loaded machine, ms. */
export const WEB_LIMIT = 1500
/** Within this a worker takes jobs again when Redis is back (promise P3), ms. */
export const WORKER_LIMIT = 30_000

/** A web process and a worker that reach a Redis of their own through a proxy, and alice, who is logged in. */
export interface Scene {
  readonly server: RedisServer
  readonly proxy: WeatherProxy
  readonly web: TidingsProcess & { address: string }
  readonly worker: TidingsProcess
  readonly alice: Visitor
  /** For processes that a test starts: by the proxy, and without it. */
  readonly url: string
  readonly directUrl: string
  /** Kills Redis and starts it again with what it had written. */
  restart(whileDown?: () => Promise<void>): Promise<void>
  close(): Promise<void>
}

/** Sets the scene; `options` are the server's, `directory` where it keeps its data. */
export async function openScene(options: readonly string[] = [], directory?: string): Promise<Scene> {
  const folder = await serverDirectory()
  const dir = directory ?? folder.path
  const start = () =>
    startRedisServer(folder.path, port => [
      ...['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--save', ''],
      ...['--appendonly', 'yes', '--appendfsync', 'everysec', '--auto-aof-rewrite-percentage', '0'],
      ...options,
    ])
  let server = await start()
  const proxy = await openProxy({ host: server.host, port: () => server.port })
  const url = `redis://127.0.0.1:${proxy.port}`
  const env = { REDIS_URL: url, HEALTH_PORT: '0' }
  const [web, worker] = await Promise.all([startWeb(env), startWorker(env)])
  const alice = await Visitor.loggedIn(web.address, 'alice')
  return {
    proxy,
    web,
    worker,
    alice,
    url,
    get server() {
      return server
    },
    get directUrl() {
      return `redis://${server.host}:${server.port}`
    },
    async restart(whileDown) {
      await server.kill()
      await whileDown?.()
      server = await start()
    },
    async close() {
      await Promise.all([web.end('SIGKILL'), worker.end('SIGKILL')])
      await proxy.close()
      await server.kill()
      await folder.remove()
    },
  }
}

/** The form of a demo job, not sent yet: what its hidden fields hold goes with each press. */
export async function demoForm(
  visitor: Visitor,
  label: string,
  { seconds = '0' }: { seconds?: string } = {},
): Promise<() => Promise<Page>> {
  const { hidden } = await visitor.form('/jobs', '/jobs/demo')
  return () => visitor.post('/jobs/demo', { ...hidden, label, outcome: 'succeed', seconds })
}

/** Presses until the job is started; gives where that led. Every answer before says that it may be pressed again. */
export async function pressUntilStarted(press: () => Promise<Page>): Promise<string> {
  for (const end = Date.now() + WORKER_LIMIT; Date.now() < end; await pause(100)) {
    const { status, location, body } = await press()
    if (status === 303) return location
    expect({ status, body: status === 503 ? '' : body }).toEqual({ status: 503, body: '' })
  }
  throw new Error('the job could not be started')
}

/** Opens the front page until it has told of each of these labels; gives all that was said of each, and what the inbox holds. */
export async function told(
  visitor: Visitor,
  ...labels: string[]
): Promise<{ shown: string[]; kept: number }[]> {
  const shown: string[] = []
  const look = async () => void shown.push(...(await visitor.get('/')).messages)
  const of = (label: string) => shown.filter(text => text.includes(label))
  await expect
    .poll(async () => look().then(() => labels.every(label => of(label).length > 0)), {
      timeout: WORKER_LIMIT,
      interval: 100,
    })
    .toBe(true)
  await look()
  const { status, body } = await visitor.get('/inbox')
  expect(status).toBe(200)
  const kept = textOf(body)
  return labels.map(label => ({ shown: of(label), kept: kept.split(label).length - 1 }))
}

/** What {@link told} gives of a job that succeeded. */
export const ONCE = { shown: [expect.stringMatching(/^success: /)], kept: 1 }

/** A page or an answer, and how long it took, ms. */
export async function timed<T>(ask: () => Promise<T>): Promise<[T, number]> {
  const began = performance.now()
  return [await ask(), performance.now() - began]
}

/** Whoever is logged in gets a page of ours within its time, is still signed in, and nothing is asked of a login. */
export async function expectDelayed(visitor: Visitor, path = '/jobs'): Promise<void> {
  const [page, ms] = await timed(() => visitor.get(path))
  expect(page.status).toBe(503)
  expect(ms).toBeLessThan(WEB_LIMIT)
  expect(page.headers.get('retry-after')).toBe('5')
  expect(page.headers.getSetCookie()).toEqual([])
  expect(textOf(page.body)).toContain('Messages are delayed. You are still signed in')
}
