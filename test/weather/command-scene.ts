import { randomUUID } from 'node:crypto'
import { type Blog, blogJobs, createBlog } from '@tidings/blog'
import { createJobs, type Jobs } from '@tidings/jobs'
import { RedisMessageStore } from '@tidings/messages'
import { type Ran, tidings } from '../../apps/worker/test/tidings.ts'
import { type RedisServer, serverDirectory, startRedisServer } from '../redis-server.ts'
import { openProxy, type WeatherProxy } from './proxy.ts'

/** A Redis that is reached through a proxy, an account `ann` in it, and jobs for commands to work on. */
export interface CommandScene {
  readonly server: RedisServer
  readonly proxy: WeatherProxy
  /** For commands: by the proxy. */
  readonly url: string
  readonly blog: Blog
  readonly store: RedisMessageStore
  readonly jobs: Jobs
  readonly ann: string
  /** A job that waits, or one that was cancelled and can be tried again. */
  waiting(): Promise<string>
  cancelled(): Promise<string>
  /** Kills Redis, and starts it again with what it had written; `jobs` and `store` know it no more. */
  restart(whileDown: () => void): Promise<void>
  /** Makes the account anew, where it is gone. */
  fill(): Promise<void>
  close(): Promise<void>
}

/** Sets the scene. */
export async function openCommandScene(directory?: string): Promise<CommandScene> {
  const folder = await serverDirectory()
  const start = () =>
    startRedisServer(folder.path, port => [
      ...['--port', String(port), '--bind', '127.0.0.1', '--dir', directory ?? folder.path, '--save', ''],
      ...['--appendonly', 'yes', '--appendfsync', 'everysec'],
    ])
  let server = await start()
  const proxy = await openProxy({ host: server.host, port: () => server.port })
  const url = `redis://127.0.0.1:${proxy.port}`
  const { redis } = server
  const blog = createBlog({ redis, passwordCost: 2 ** 12 })
  const store = new RedisMessageStore({ redis })
  const definitions = blogJobs(blog, { demo: true })
  const jobs = createJobs({ redis, store, definitions: Object.values(definitions), sweepEvery: 0 })
  let ann = ''
  const waiting = async () => {
    if (!definitions.demo) throw new Error('the demo job is missing')
    return (await jobs.enqueue(definitions.demo, {}, { owner: ann })).id
  }
  const scene: CommandScene = {
    proxy,
    url,
    get server() {
      return server
    },
    blog,
    store,
    jobs,
    get ann() {
      return ann
    },
    waiting,
    async cancelled() {
      const id = await waiting()
      await jobs.cancel(id, {})
      return id
    },
    async fill() {
      const found = await blog.users.findByName('ann')
      ann = (found ?? (await blog.users.create({ username: 'ann', password: 'a long password 7' }))).id
    },
    async restart(whileDown) {
      await server.kill()
      whileDown()
      server = await start()
    },
    async close() {
      await proxy.close()
      await jobs.close()
      await server.kill()
      await folder.remove()
    },
  }
  await scene.fill()
  return scene
}

/** How a command ended, and how long that took, ms. */
export type Told = Ran & { ms: number }

/** What {@link runAll} runs. */
export const LOOKING = ['check', 'stats', 'list'] as const
export const CHANGING = ['enqueue', 'cancel', 'retry', 'send', 'add'] as const
type Name = (typeof LOOKING)[number] | (typeof CHANGING)[number] | 'completion'

/** Runs every command side by side, as an operator would; the ids are what `cancel` and `retry` are given. */
export async function runAll(
  url: string,
  { waiting, cancelled }: { waiting: string; cancelled: string },
): Promise<Record<Name, Told> & { newcomer: string }> {
  const newcomer = `u${randomUUID().slice(0, 8)}`
  const run = (...args: string[]) => runOne(url, args)
  const [check, stats, list, enqueue, cancel, retry, send, add, completion] = await Promise.all([
    run('check'),
    run('stats'),
    run('jobs', 'list'),
    run('jobs', 'enqueue', 'demo', '--owner', 'ann'),
    run('jobs', 'cancel', waiting),
    run('jobs', 'retry', cancelled),
    run('messages', 'send', 'Hello.', '--to', 'ann'),
    runOne(url, ['users', 'add', newcomer], 'a long password 7\n'),
    run('completion', 'bash'),
  ])
  return { check, stats, list, enqueue, cancel, retry, send, add, completion, newcomer }
}

/** Runs one, and measures it. */
export async function runOne(url: string, args: readonly string[], input?: string): Promise<Told> {
  const began = performance.now()
  const ran = await tidings(args, { REDIS_URL: url }, input)
  return { ...ran, ms: performance.now() - began }
}
