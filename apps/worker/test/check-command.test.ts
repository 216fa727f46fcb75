import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startWorker } from '../../../test/process.ts'
import {
  plainOptions,
  type RedisServer,
  serverDirectory,
  startRedisServer,
} from '../../../test/redis-server.ts'
import { startRedisWithUsers } from '../../../test/redis-users.ts'
import { openScene, type Scene } from './scene.ts'
import { tidings } from './tidings.ts'

let scene: Scene
let server: RedisServer
let directory: Awaited<ReturnType<typeof serverDirectory>>
beforeAll(async () => {
  scene = await openScene()
  directory = await serverDirectory()
  server = await startRedisServer(directory.path, plainOptions)
})
afterAll(async () => {
  await server.kill()
  await directory.remove()
  await scene.close()
})

interface Line {
  check: string
  state: string
  text: string
  remedy?: string
}

async function check(url: string, ...args: string[]) {
  const { code, out, err } = await tidings(['check', '--json', ...args], { REDIS_URL: url })
  const lines = out
    .split('\n')
    .filter(Boolean)
    .map(line => JSON.parse(line) as Line)
  return { code, err, lines, of: (name: string) => lines.find(line => line.check === name) }
}
const plain = (credentials = '') => `redis://${credentials}127.0.0.1:${server.port}`

describe('tidings check', () => {
  it('finds all in order where it is, and exits with 0', async () => {
    const worker = await startWorker({ REDIS_URL: scene.url })
    const { code, lines, of } = await check(scene.url)
    expect(lines.map(({ check, state }) => `${check} ${state}`)).toEqual(
      [
        ...['redis', 'version', 'memory', 'disk', 'role', 'clock', 'rights', 'shards'],
        ...['scripts', 'definitions', 'ledger', 'messages', 'workers'],
      ].map(name => `${name} ok`),
    )
    expect(code).toBe(0)
    expect(of('definitions')?.text).toMatch(/import-posts.*demo/)
    expect(of('workers')?.text).toBe('1 lives')
    await worker.end('SIGTERM')
  })

  it('speaks to people in lines, each with its remedy', async () => {
    const { code, out, err } = await tidings(['check'], { REDIS_URL: plain() })
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toMatch(/^ok {7}redis {8}redis:\/\/127\.0\.0\.1:\d+ answers$/m)
    expect(out).toMatch(/^warning {2}disk {9}Redis keeps no append-only file.*\n {22}Set appendonly to yes/m)
    expect(out).toMatch(/^warning {2}workers .*no worker lives\n {22}Start one with: tidings worker$/m)
  })

  it('an eviction policy is a fault, and its exit code 78', async () => {
    await server.redis.config('SET', 'maxmemory-policy', 'allkeys-lru')
    const { code, of } = await check(plain())
    await server.redis.config('SET', 'maxmemory-policy', 'noeviction')
    expect(code).toBe(78)
    expect(of('memory')).toMatchObject({ state: 'fault', remedy: expect.stringMatching(/noeviction/) })
  })

  it('memory that is nearly full is a warning', async () => {
    const info = await scene.redis.info('memory')
    const used = Number(/^used_memory:(\d+)/m.exec(info)?.[1])
    await scene.redis.config('SET', 'maxmemory', Math.round(used * 1.2))
    const { code, of } = await check(scene.url)
    await scene.redis.config('SET', 'maxmemory', '0')
    expect(code).toBe(0)
    expect(of('memory')).toMatchObject({ state: 'warning', text: expect.stringMatching(/% of its limit/) })
  })

  it('a replica that can not be written to is a fault', async () => {
    const replica = await startRedisServer(directory.path, port => [
      ...plainOptions(port),
      ...['--replicaof', '127.0.0.1', String(server.port)],
    ])
    const { code, of } = await check(`redis://127.0.0.1:${replica.port}`)
    await replica.kill()
    expect(of('role')).toMatchObject({ state: 'fault' })
    expect(code).toBe(78)
  })

  it('what is overdue, and what can not be delivered, are warnings, each with its remedy', async () => {
    const { id } = await scene.demo()
    const [ledger = ''] = await scene.redis.keys('*:ledger')
    await scene.redis.zadd(ledger, Date.now() - 95_000, id)
    const late = await check(scene.url)
    expect(late.code).toBe(0)
    expect(late.of('ledger')).toMatchObject({
      state: 'warning',
      text: expect.stringMatching(/^1 outcome is owed, one of them overdue for (9[5-9]|\d{3,}) s$/),
      remedy: expect.stringMatching(/tidings stats and tidings jobs list/),
    })

    // Where the owner's list can't be one.
    const owner = 'spoiled'
    await scene.store.post(owner, { level: 20, text: 'x' })
    const [list = ''] = await scene.redis.keys(`*:user:${owner}`)
    await scene.redis.set(list, 'not a list')
    await scene.demo({}, owner)
    const worker = await startWorker({ REDIS_URL: scene.url })
    await expect.poll(async () => (await scene.jobs.stats()).undelivered, { timeout: 60_000 }).toBe(1)
    const { code, of } = await check(scene.url)
    expect(code).toBe(0)
    expect(of('messages')).toMatchObject({
      state: 'warning',
      text: '1 message could not be delivered yet',
      remedy: expect.stringMatching(/^It is tried again every 15 s; /),
    })
    expect(of('ledger')).toMatchObject({ state: 'ok' })
    await scene.redis.del(list)
    await worker.end('SIGTERM')
  })

  it('a clock that is not Redis’ is a warning', async () => {
    const late = 'const { now } = Date; Date.now = () => now() + 5000'
    const env = {
      REDIS_URL: plain(),
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(late)}`,
    }
    const { code, out } = await tidings(['check'], env)
    expect(code).toBe(0)
    expect(out).toMatch(
      /^warning {2}clock {8}the clock of Redis is (4[5-9]|5\d)\d\d ms behind ours\n {22}Let both keep time by NTP/m,
    )
  })

  it('another number of shards than the stored data has is a fault: 78', async () => {
    await check(plain())
    const { code, out } = await tidings(['check', '--json'], { REDIS_URL: plain(), SHARDS: '2' })
    expect(code).toBe(78)
    const line = out.split('\n').find(each => each.includes('"shards"')) ?? '{}'
    expect(JSON.parse(line)).toMatchObject({ state: 'fault', remedy: expect.stringMatching(/\w/) })
  })

  it('the worst of several faults decides the exit code, and each line that is not ok says what to do', async () => {
    const rules = [
      'on',
      '>geheim',
      '~{tidings*',
      '&{tidings*',
      '+@all',
      '-@admin',
      '-zadd',
      '+acl|dryrun',
      '+acl|whoami',
    ]
    await server.redis.call('ACL', 'SETUSER', 'web', 'reset', ...rules)
    await server.redis.config('SET', 'maxmemory', '1')
    const { code, lines } = await check(plain('web:geheim@'))
    await server.redis.config('SET', 'maxmemory', '0')
    const faults = lines.filter(({ state }) => state === 'fault')
    expect(faults.map(line => [line.check, 'exitCode' in line && line.exitCode])).toEqual(
      expect.arrayContaining([
        ['memory', 75],
        ['rights', 78],
      ]),
    )
    expect(code).toBe(78)
    expect(lines.filter(({ state, remedy }) => state !== 'ok' && !remedy)).toEqual([])
  })

  it.each([
    ['asking Redis', '+acl|dryrun +acl|whoami'],
    ['trying', ''],
  ])('names the commands that a user may not run, found by %s', async (_, more) => {
    const rules = `on >geheim ~{tidings* &{tidings* +@all -@admin -zadd -publish +info ${more}`
      .trim()
      .split(' ')
    await server.redis.call('ACL', 'SETUSER', 'web', 'reset', ...rules)
    const { code, err, of } = await check(plain('web:geheim@'))
    expect(of('rights')).toMatchObject({
      state: 'fault',
      text: expect.stringMatching(/may not run ZADD, PUBLISH on keys/),
    })
    expect(code).toBe(78)
    expect(err).toBe('')
    await server.redis.call('ACL', 'SETUSER', 'web', '+zadd', '+publish')
    expect((await check(plain('web:geheim@'))).of('rights')).toMatchObject({ state: 'ok' })
  })

  it.each(['web', 'worker', 'operator'] as const)(
    'finds that %s of users.acl has the rights that it needs',
    async name => {
      const { server: guarded, users } = await startRedisWithUsers(directory.path)
      const { of } = await check(users[name])
      await guarded.kill()
      expect(of('rights')).toMatchObject({ state: 'ok' })
    },
  )

  it.each([
    ['a wrong password', () => plain('web:falsch@'), 78, /refuses the user or password/],
    ['no Redis', () => 'redis://:geheim@127.0.0.1:1', 75, /does not answer/],
  ])('%s is one fault', async (_, url, expected, words) => {
    const { code, lines, err } = await check(url())
    expect(lines).toMatchObject([{ check: 'redis', state: 'fault', text: expect.stringMatching(words) }])
    expect({ code, err }).toEqual({ code: expected, err: '' })
    expect(JSON.stringify(lines)).not.toMatch(/geheim|falsch/)
  })

  it('an application that can not be loaded ends it: exit code 78', async () => {
    expect(await check(plain(), '--app', './nowhere.js')).toMatchObject({
      code: 78,
      err: expect.stringMatching(/no such module/),
    })
  })
})
