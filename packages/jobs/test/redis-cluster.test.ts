import { RedisMessageStore } from '@tidings/messages'
import { Cluster } from 'ioredis'
import { beforeAll, describe, expect, it } from 'vitest'
import { type Monitored, monitor } from '../../../test/monitor.ts'
import { type RedisCluster, startRedisCluster } from '../../../test/redis-cluster.ts'
import { createJobs } from '../src/index.ts'
import { ending, ownersOfEachShard, testEndings } from './all-endings.ts'
import { loadJobsWithFailure, worked } from './job-load.ts'
import { messagesOf } from './owner.ts'

const owners = Array.from({ length: 30 }, (_, i) => `owner-${i}`)

describe('on a Redis Cluster', () => {
  let cluster: RedisCluster
  let redis: Cluster
  let elsewhere: Cluster

  beforeAll(async () => {
    cluster = await startRedisCluster()
    redis = new Cluster([...cluster.nodes])
    elsewhere = new Cluster([...cluster.nodes])
    return async () => {
      redis.disconnect()
      elsewhere.disconnect()
      await cluster.end()
    }
  })

  for (const shards of [1, 8]) testEndings(`with shards: ${shards}`, shards, () => ({ redis, elsewhere }))

  it('refuses a prefix that would scatter the keys', () => {
    const store = new RedisMessageStore({ redis, prefix: 'scattered' })
    expect(() => createJobs({ redis, store, definitions: [] })).toThrow(
      "'{scattered}' instead of 'scattered'",
    )
  })

  it.each([1, 8])('no script touches the keys of two slots, with shards: %i', async shards => {
    const masters = redis.nodes('master').map(({ options }) => `redis://${options.host}:${options.port}`)
    const commands = await Promise.all(masters.map(monitor))
    const store = new RedisMessageStore({ redis, shards, prefix: `{slots-${shards}}` })
    const jobs = createJobs({
      redis,
      store,
      definitions: [ending],
      sweepEvery: 0,
      fair: true,
      maxPerOwner: 9,
    })
    const owners = ownersOfEachShard(store, 0)
    const worker = await jobs.work({ concurrency: shards })
    for (const owner of owners) {
      for (const how of ['flaky', 'fail', 'only one', 'only one'])
        await jobs.enqueue(ending, { how }, { owner, idempotencyKey: how })
      await jobs.enqueueBatch(ending, [{ how: 'part' }, { how: 'succeed' }], { owner })
      await jobs.schedule(ending, { how: 'succeed' }, { owner, id: 'often', every: 1000 })
      const { id } = await jobs.enqueue(ending, { how: 'quiet' }, { owner, delay: 60_000 })
      await jobs.cancel(id, { owner })
      await jobs.retry(id, { owner })
    }
    for (const owner of owners) await messagesOf(store, owner, 7)
    for (const owner of owners) await jobs.unschedule(ending, { owner, id: 'often' })
    await expect.poll(async () => (await jobs.sweep())?.owed).toBe(0)
    await worker.close()
    await jobs.close()
    const scripts = commands.flatMap(tagsOfScripts)
    expect(scripts.filter(tags => tags.size > 1)).toEqual([])
    expect(new Set(scripts.flatMap(tags => [...tags])).size).toBe(shards)
  })
})

/** The hash tags of all that each script has touched. */
function tagsOfScripts(commands: readonly Monitored[]): Set<string>[] {
  const scripts: Set<string>[] = []
  for (const { words, isInScript } of commands) {
    if (!isInScript) scripts.push(new Set())
    else
      for (const word of words.slice(1)) {
        const tag = /^\{slots-[^}]*\}(?=:)/.exec(word)
        if (tag) scripts.at(-1)?.add(tag[0])
      }
  }
  return scripts.filter(tags => tags.size > 0)
}

describe('when a master of a cluster is killed in mid-load', () => {
  it.each([1, 8])('each job has one outcome, with shards: %i', { timeout: 120_000 }, async shards => {
    const cluster = await startRedisCluster()
    const [redis, elsewhere] = [new Cluster([...cluster.nodes]), new Cluster([...cluster.nodes])]
    const store = new RedisMessageStore({ redis, shards, cap: 10_000 })
    const shared = { store, definitions: [worked], sweepEvery: 1000 }
    const jobs = createJobs({ ...shared, redis })
    const other = createJobs({ ...shared, redis: elsewhere })
    const workers = await Promise.all([1, 2].map(() => other.work({ concurrency: 8 })))
    const result = await loadJobsWithFailure(jobs, store, owners, {
      masterOf: owner => cluster.masterOf(store.prefixOf(owner)),
      async replicas(port) {
        const node = redis.nodes('master').find(({ options }) => options.port === port)
        return node ? await node.wait(1, 500) : 0
      },
      fail: async () => (await cluster.killMaster(store.prefixOf('owner-0'))).failedOver(),
    }).finally(async () => {
      await Promise.all(workers.map(worker => worker.close({ force: true })))
      await Promise.all([jobs.close(), other.close()])
      redis.disconnect()
      elsewhere.disconnect()
      await cluster.end()
    })
    expect(result).toMatchObject({ lost: [], doubled: [], strange: [] })
    expect(result.took).toBeLessThan(30_000)
  })
})
