import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createBlog } from '@tidings/blog'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RedisServer, serverDirectory } from './redis-server.ts'
import { type RedisUsers, startRedisWithUsers } from './redis-users.ts'

const ROOT = join(import.meta.dirname, '..')
const MINUTE = 60_000

describe('the Redis users of docker/redis/users.acl', () => {
  let directory: Awaited<ReturnType<typeof serverDirectory>>
  let server: RedisServer
  let users: RedisUsers
  const connections: Redis[] = []
  const as = (name: keyof RedisUsers) => {
    const redis = new Redis(users[name])
    connections.push(redis)
    return redis
  }

  beforeAll(async () => {
    directory = await serverDirectory()
    ;({ server, users } = await startRedisWithUsers(directory.path))
  })
  afterAll(async () => {
    for (const redis of connections) redis.disconnect()
    await server.kill()
    await directory.remove()
  })

  it.each(['web', 'worker', 'operator'] as const)(
    'keep %s from what would harm everybody, and from keys of others',
    async name => {
      const redis = as(name)
      for (const command of [
        'FLUSHALL',
        'FLUSHDB',
        'SHUTDOWN',
        'KEYS *',
        'CONFIG SET maxmemory 1',
        'ACL LIST',
      ])
        await expect(redis.call(...(command.split(' ') as [string]))).rejects.toThrow(/^NOPERM/)
      await expect(redis.get('another-application')).rejects.toThrow(/^NOPERM/)
      await expect(redis.subscribe('another-application')).rejects.toThrow(/^NOPERM/)
    },
  )

  it('keep a worker from sessions, and from changing accounts', async () => {
    await server.redis.set('{tidings}:session:1', 'secret')
    await server.redis.set('{tidings:blog}:user:1', '{}')
    const worker = as('worker')
    await expect(worker.get('{tidings}:session:1')).rejects.toThrow(/^NOPERM/)
    await expect(worker.set('{tidings:blog}:user:1', '{}')).rejects.toThrow(/^NOPERM/)
    await expect(worker.eval("return redis.call('GET', KEYS[1])", 1, '{tidings}:session:1')).rejects.toThrow(
      /NOPERM|can't access/,
    )
  })

  it('let web hear which account the command line has changed', async () => {
    const [web, operator] = [createBlog({ redis: as('web') }), createBlog({ redis: as('operator') })]
    const heard: (string | undefined)[] = []
    const leave = await web.users.changes.watch(id => heard.push(id))
    await operator.users.changes.tell('somebody')
    await expect.poll(() => heard, { timeout: 10_000 }).toContain('somebody')
    leave()
  })

  it('may do all that the store, jobs and a whole journey need', { timeout: 5 * MINUTE }, async () => {
    const files = [
      'packages/messages/test/redis-message-store.test.ts',
      'packages/messages/test/message-store.kit.test.ts',
      'packages/messages/test/redis-broadcasts.test.ts',
      'packages/jobs/test/jobs.test.ts',
      'packages/jobs/test/enqueue.test.ts',
      'packages/jobs/test/ledger.test.ts',
      'packages/jobs/test/cancel.test.ts',
      'packages/jobs/test/look-up.test.ts',
      'test/journey.test.ts',
    ]
    const vitest = [join(ROOT, 'node_modules/vitest/vitest.mjs'), 'run', '--reporter=json', '--maxWorkers=1']
    const child = spawn(process.execPath, [...vitest, ...files], {
      cwd: ROOT,
      env: { PATH: process.env.PATH, HOME: process.env.HOME, TEST_REDIS_USERS: '1' },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let output = ''
    child.stdout.on('data', text => {
      output += text
    })
    const [code] = await once(child, 'close')
    const failed = /"numFailedTests":(\d+)/.exec(output)?.[1]
    expect({ code, failed }, output.slice(-4000)).toEqual({ code: 0, failed: '0' })
    expect(/^refused by Redis: (.*)$/m.exec(output)?.[1]).toBe('[]')
  })
})
