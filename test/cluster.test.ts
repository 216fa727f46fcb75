import { LEVELS, RedisMessageStore } from '@tidings/messages'
import { createLogger, openRedis, type RedisHandle } from '@tidings/runtime'
import type { Cluster } from 'ioredis'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startRedisCluster } from './redis-cluster.ts'
import { startSentinels } from './redis-sentinel.ts'

const log = createLogger({ name: 'test', level: 'silent' })
const hello = { level: LEVELS.INFO, text: 'hello' }

/** What a URL leads to, until the test has finished. */
async function opened(url: string): Promise<RedisHandle> {
  const handle = await openRedis({ url, dataDir: '/nowhere', log })
  onTestFinished(() => handle.close())
  return handle
}

/** A step's answer or why it failed, and how long that took, ms. */
async function timed(step: () => Promise<unknown>): Promise<{ error?: string; took: number }> {
  const started = performance.now()
  const error = await step().then(
    () => undefined,
    error => String(error),
  )
  return { ...(error !== undefined && { error }), took: performance.now() - started }
}

describe('with a Redis Cluster as REDIS_URL', () => {
  it('web and worker connect, a command of the web process fails within a second while a master is gone, and both go on when its replica has taken over', {
    timeout: 40_000,
  }, async () => {
    const cluster = await startRedisCluster()
    onTestFinished(cluster.end)
    const handle = await opened(cluster.url)
    expect([handle.description, handle.isPrivate]).toEqual([cluster.url, false])
    const [web, worker] = await Promise.all([handle.connect('web'), handle.connect('worker')])
    const store = new RedisMessageStore({ redis: web, shards: 8 })
    const inWorker = new RedisMessageStore({ redis: worker, shards: 8 })
    await store.checkShards()
    await inWorker.post('alice', hello)
    expect((await store.inbox('alice')).map(({ text }) => text)).toEqual(['hello'])

    // A master that hangs: shorter than the others take to notice.
    const port = await cluster.masterOf(store.prefixOf('alice'))
    const node = (worker as unknown as Cluster).nodes().find(({ options }) => options.port === port)
    await node?.call('CLIENT', 'PAUSE', '900', 'ALL')
    const hung = await timed(() => store.inbox('alice'))
    expect(hung.error).toMatch('timed out')
    expect(hung.took).toBeLessThan(1000)

    const { failedOver } = await cluster.killMaster(store.prefixOf('alice'))
    const waiting = inWorker.post('alice', hello)
    const during = await Promise.all([
      timed(() => store.inbox('alice')),
      timed(() => store.post('alice', hello)),
    ])
    for (const { error, took } of during) {
      expect(error).toBeDefined()
      expect(took).toBeLessThan(1000)
    }
    await failedOver()
    await waiting
    await expect.poll(() => store.inbox('alice').catch(() => [])).not.toEqual([])
  })

  it('hints come through other nodes when the one that was listened at is gone', {
    timeout: 40_000,
  }, async () => {
    const cluster = await startRedisCluster()
    onTestFinished(cluster.end)
    const redis = await (await opened(cluster.url)).connect('web')
    const store = new RedisMessageStore({ redis, shards: 8 })
    let hints = 0
    const leave = await store.watch({ owner: 'alice' }, () => hints++)
    await store.post('alice', hello)
    await expect.poll(() => hints).toBeGreaterThan(0)
    await cluster.killListener()
    const before = hints
    await expect
      .poll(
        async () => {
          await store.post('alice', hello).catch(() => {})
          return hints
        },
        { timeout: 15_000 },
      )
      .toBeGreaterThan(before + 2)
    await leave()
  })

  it('what is no cluster is told, in words', async () => {
    const set = await startSentinels()
    onTestFinished(set.end)
    const url = `redis-cluster://127.0.0.1:${await set.masterPort()}`
    await expect((await opened(url)).connect('web')).rejects.toThrow(
      /is no cluster\. Write REDIS_URL with redis:/,
    )
  })

  it('nodes that do not answer are told after five seconds, without the password', async () => {
    const handle = await opened('redis-cluster://:geheim@127.0.0.1:1,127.0.0.1:2')
    const { error, took } = await timed(() => handle.connect('web'))
    expect(error).toMatch(/Redis at redis-cluster:\/\/127\.0\.0\.1:1,127\.0\.0\.1:2 does not answer \(conn/)
    expect(took).toBeGreaterThan(4000)
    expect(took).toBeLessThan(8000)
  })
})

describe('with Sentinel as REDIS_URL', () => {
  it('web and worker connect, a command of the web process fails within a second while the master is gone, and both go on when the replica has taken over', {
    timeout: 40_000,
  }, async () => {
    const set = await startSentinels()
    onTestFinished(set.end)
    const handle = await opened(set.url)
    const [web, worker] = await Promise.all([handle.connect('web'), handle.connect('worker')])
    const [store, inWorker] = [web, worker].map(redis => new RedisMessageStore({ redis }))
    await inWorker?.post('alice', hello)
    expect(await store?.inbox('alice')).toHaveLength(1)

    const { failedOver } = await set.killMaster()
    const waiting = inWorker?.post('alice', hello)
    const { error, took } = await timed(async () => store?.inbox('alice'))
    expect(error).toBeDefined()
    expect(took).toBeLessThan(1000)
    await failedOver()
    await waiting
    await expect.poll(() => store?.inbox('alice').catch(() => []), { timeout: 10_000 }).not.toEqual([])
  })
})
