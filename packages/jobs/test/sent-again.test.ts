import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { RedisMessageStore } from '@tidings/messages'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import { type RedisServer, startRedisServer } from '../../../test/redis-server.ts'
import { openProxy, type WeatherProxy } from '../../../test/weather/proxy.ts'
import { createJobs, defineJob } from '../src/index.ts'
import { messagesOf, newOwner } from './owner.ts'

let directory: string
let server: RedisServer
let proxy: WeatherProxy
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tidings-sent-again-'))
  server = await startRedisServer(directory, port => ['--port', String(port), '--save', ''])
  proxy = await openProxy({ host: server.host, port: () => server.port })
})
afterAll(async () => {
  await proxy.close()
  await server.kill()
  await rm(directory, { recursive: true, force: true })
})

const noop = defineJob({
  name: 'noop',
  title: 'Nothing',
  input: z.object({ n: z.number() }),
  async run() {},
  messages: { started: ({ input }) => `Begun ${input.n}.`, success: ({ input }) => `Done ${input.n}.` },
})

it.each([1, 25])('a connection that breaks before the answer takes no job twice: %i at once', async count => {
  const redis = new Redis({ host: server.host, port: proxy.port, retryStrategy: () => 20 })
  redis.on('error', () => {})
  const prefix = `{sent-again-${count}}`
  const store = new RedisMessageStore({ redis, prefix })
  const jobs = createJobs({ redis, store, definitions: [noop], sweepEvery: 0 })
  // Redis knows the scripts, and so does the connection.
  await Promise.all([1, 2].map(n => jobs.enqueue(noop, { n }, { owner: newOwner() })))

  const owners = Array.from({ length: count }, newOwner)
  proxy.set({ resets: 1 })
  const added = await Promise.all(owners.map((owner, n) => jobs.enqueue(noop, { n }, { owner })))
  expect(proxy.resetsLeft).toBe(0)
  const listsOf = async (owner: string) => ({
    ids: await server.redis.lrange(`${prefix}:jobs-of:${owner}`, 0, -1),
    told: await messagesOf(store, owner),
  })
  for (const [n, owner] of owners.entries())
    expect(await listsOf(owner)).toEqual({ ids: [added[n]?.id], told: [[20, `Begun ${n}.`]] })

  const worker = await jobs.work({ concurrency: 5 })
  for (const [n, owner] of owners.entries())
    await expect.poll(() => messagesOf(store, owner)).toEqual([[25, `Done ${n}.`]])
  expect(await jobs.stats()).toMatchObject({ owed: 0, overdue: 0 })
  await worker.close()
  await jobs.close()
  redis.disconnect()
})
