import { randomBytes } from 'node:crypto'
import { Cluster, Redis } from 'ioredis'
import { beforeAll, describe, expect, it } from 'vitest'
import { type RedisCluster, startRedisCluster } from '../../../test/redis-cluster.ts'
import { startSentinels } from '../../../test/redis-sentinel.ts'
import { info } from '../src/message.ts'
import { RedisMessageStore } from '../src/redis-message-store.ts'
import { ShardCountError } from '../src/shards.ts'
import { testMessageStore } from '../src/testing.ts'
import { loadWithFailure } from './failover-load.ts'

const owners = Array.from({ length: 12 }, (_, i) => `owner-${i}`)
const newPrefix = () => `{cluster-${randomBytes(6).toString('hex')}}`

describe('on a Redis Cluster', () => {
  let cluster: RedisCluster
  let redis: Cluster
  let otherRedis: Cluster

  beforeAll(async () => {
    cluster = await startRedisCluster()
    redis = new Cluster([...cluster.nodes])
    otherRedis = new Cluster([...cluster.nodes])
    return async () => {
      redis.disconnect()
      otherRedis.disconnect()
      await cluster.end()
    }
  })

  for (const shards of [1, 8])
    testMessageStore(`RedisMessageStore with shards: ${shards}`, bounds => {
      const options = { ...bounds, browserTtl: bounds.ttl, prefix: newPrefix(), shards }
      return {
        store: new RedisMessageStore({ ...options, redis }),
        another: () => new RedisMessageStore({ ...options, redis: otherRedis }),
      }
    })

  it.each([1, 8])('notes that there are %i shards, and refuses another number', async shards => {
    const prefix = newPrefix()
    await new RedisMessageStore({ redis, prefix, shards }).post('alice', info('x'))
    const other = new RedisMessageStore({ redis, prefix, shards: 5 })
    await expect(other.checkShards()).rejects.toThrow(ShardCountError)
  })

  it('asks for each page by itself: a slot that moves would refuse the keys of several', async () => {
    const store = new RedisMessageStore({ redis, prefix: newPrefix() })
    await store.post('alice', info('x'))
    const masters = redis.nodes('master')
    await Promise.all(masters.map(node => node.config('RESETSTAT')))
    await Promise.all(owners.map(owner => store.claim({ owner }, { limit: 10 })))
    const stats = await Promise.all(masters.map(node => node.info('commandstats')))
    const calls = stats.map(text => Number(/cmdstat_evalsha:calls=(\d+)/.exec(text)?.[1] ?? 0))
    expect(calls.reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(owners.length)
  })

  it('spreads eight shards over all masters', async () => {
    const { prefixes } = new RedisMessageStore({ redis, shards: 8 })
    const masters = await Promise.all(prefixes.map(prefix => cluster.masterOf(prefix)))
    expect(new Set(masters).size).toBe(3)
  })
})

describe('when a master is killed in mid-load', () => {
  it.each([1, 8])(
    'loses and doubles nothing in a cluster with shards: %i',
    { timeout: 60_000 },
    async shards => {
      const cluster = await startRedisCluster()
      const redis = new Cluster([...cluster.nodes])
      const store = new RedisMessageStore({ redis, shards, cap: 10_000 })
      const result = await loadWithFailure(store, owners, {
        masterOf: owner => cluster.masterOf(store.prefixOf(owner)),
        async replicas(port) {
          const node = redis.nodes('master').find(({ options }) => options.port === port)
          return node ? await node.wait(1, 500) : 0
        },
        fail: async () => (await cluster.killMaster(store.prefixOf('owner-0'))).failedOver(),
      }).finally(async () => {
        redis.disconnect()
        await cluster.end()
      })
      expect(result).toMatchObject({ lost: [], doubled: [], strange: [] })
    },
  )

  it('loses and doubles nothing with Sentinel', { timeout: 60_000 }, async () => {
    const set = await startSentinels()
    const redis = new Redis({ sentinels: [...set.sentinels], name: set.name })
    redis.on('error', () => {})
    const store = new RedisMessageStore({ redis, cap: 10_000 })
    const result = await loadWithFailure(store, owners, {
      masterOf: set.masterPort,
      replicas: () => redis.wait(1, 500),
      fail: async () => (await set.killMaster()).failedOver(),
    }).finally(async () => {
      redis.disconnect()
      await set.end()
    })
    expect(result).toMatchObject({ lost: [], doubled: [], strange: [] })
  })
})
