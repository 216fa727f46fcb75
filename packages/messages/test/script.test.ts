import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  plainOptions,
  type RedisServer,
  serverDirectory,
  startRedisServer,
} from '../../../test/redis-server.ts'
import { info, RedisMessageStore } from '../src/index.ts'

let directory: Awaited<ReturnType<typeof serverDirectory>>
let server: RedisServer
let redis: Redis

beforeAll(async () => {
  directory = await serverDirectory()
  server = await startRedisServer(directory.path, plainOptions)
  redis = server.redis
})

afterAll(async () => {
  await server.kill()
  await directory.remove()
})

describe('the scripts', () => {
  it('run on a server that knows them no more, however many ask at once', async () => {
    const store = new RedisMessageStore({ redis })
    await store.post('alice', info('one'))
    await redis.script('FLUSH')
    const claims = await Promise.all(
      Array.from({ length: 5 }, () => store.claim({ owner: 'alice' }, { limit: 10 })),
    )
    const [claim, ...others] = claims.filter(one => one !== undefined)
    expect(claim?.messages.map(({ text }) => text)).toEqual(['one'])
    expect(others).toEqual([])
    await redis.script('FLUSH')
    if (claim) await store.confirm(claim, [claim.messages[0]?.id ?? ''])
    expect(store.counts.shown).toBe(1)
  })

  it('reject with what the server says of them', async () => {
    await redis.set('{tidings}:messages:user:bob', 'no list')
    await expect(new RedisMessageStore({ redis }).claim({ owner: 'bob' }, { limit: 10 })).rejects.toThrow(
      /WRONGTYPE/,
    )
  })

  it('are asked for together by one write when many pages ask at the same moment', async () => {
    const store = new RedisMessageStore({ redis })
    await store.checkShards()
    const owners = Array.from({ length: 20 }, (_, i) => `owner-${i}`)
    await Promise.all(owners.map(owner => store.post(owner, info(`for ${owner}`))))
    let writes = 0
    const count = () => writes++
    const { stream } = redis
    const write = stream._writev?.bind(stream)
    stream._writev = (chunks, done) => {
      count()
      write?.(chunks, done)
    }
    const claims = await Promise.all(owners.map(owner => store.claim({ owner }, { limit: 10 })))
    expect(claims.map(claim => claim?.messages.map(({ text }) => text))).toEqual(
      owners.map(owner => [`for ${owner}`]),
    )
    expect(writes).toBe(1)
    expect(stream.writableCorked).toBe(0)
  })
})
