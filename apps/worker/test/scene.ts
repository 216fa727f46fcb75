import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Blog, blogJobs, createBlog } from '@tidings/blog'
import { createJobs, type Jobs } from '@tidings/jobs'
import { RedisMessageStore } from '@tidings/messages'
import { createLogger, openRedis, type RedisHandle } from '@tidings/runtime'
import type { Redis } from 'ioredis'
import { vi } from 'vitest'

// Each command is a process of its own, which takes a second on a machine that has much to do.
vi.setConfig({ testTimeout: 90_000 })

/** A Redis of a test file's own, as a worker takes whatever jobs there are, with the blog in it. */
export interface Scene {
  readonly dataDir: string
  /** For processes: `REDIS_URL`. */
  readonly url: string
  readonly redis: Redis
  readonly blog: Blog
  readonly store: RedisMessageStore
  readonly jobs: Jobs
  /** Enqueues the demo job; `find` says how it stands. */
  demo(
    input?: { label?: string; outcome?: 'succeed' | 'fail' | 'partial' | 'hang'; seconds?: number },
    owner?: string,
  ): Promise<{ id: string; owner: string; find: () => ReturnType<Jobs['find']> }>
  close(): Promise<void>
}

/** Starts one. */
export async function openScene(): Promise<Scene> {
  const dataDir = await mkdtemp(join(tmpdir(), 'tidings-worker-'))
  const handle: RedisHandle = await openRedis({
    dataDir,
    log: createLogger({ name: 'test', level: 'silent' }),
  })
  const redis = await handle.connect('worker')
  const { path, host, port, password } = redis.options
  const blog = createBlog({ redis, passwordCost: 2 ** 12 })
  const definitions = blogJobs(blog, { demo: true })
  const store = new RedisMessageStore({ redis })
  const jobs = createJobs({ redis, store, definitions: Object.values(definitions), sweepEvery: 0 })
  return {
    dataDir,
    url: path ? `unix://${path}` : `redis://:${password}@${host}:${port}`,
    redis,
    blog,
    store,
    jobs,
    async demo(input = {}, owner = `owner-${randomBytes(4).toString('hex')}`) {
      if (!definitions.demo) throw new Error('the demo job is missing')
      const { id } = await jobs.enqueue(definitions.demo, { label: 'a job', ...input }, { owner })
      return { id, owner, find: () => jobs.find(id, { owner }) }
    },
    async close() {
      await jobs.close()
      await handle.close()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}
