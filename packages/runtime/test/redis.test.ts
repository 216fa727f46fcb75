import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fakeRedis } from '../../../test/fake-redis.ts'
import { plainOptions, serverDirectory, startRedisServer } from '../../../test/redis-server.ts'
import { lastingConnection } from '../src/redis-connection.ts'
import { parseRedisUrl } from '../src/redis-url.ts'
import { runProgram, temporaryDirectory } from './processes.ts'

describe('REDIS_URL', () => {
  it.each([
    ['redis://localhost', { host: 'localhost', port: 6379, db: 0 }, 'redis://localhost:6379'],
    ['redis://h:7000/2', { host: 'h', port: 7000, db: 2 }, 'redis://h:7000/2'],
    [
      'redis://u:p%40ss@h:7000?db=3',
      { host: 'h', port: 7000, db: 3, username: 'u', password: 'p@ss' },
      'redis://h:7000/3',
    ],
    ['redis://:p@[::1]:7000', { host: '::1', port: 7000, db: 0, password: 'p' }, 'redis://[::1]:7000'],
    ['rediss://h', { host: 'h', port: 6379, db: 0, tls: { servername: 'h' } }, 'rediss://h:6379'],
    ['unix:///run/r%20x.sock?db=1', { path: '/run/r x.sock', db: 1 }, 'unix:///run/r x.sock?db=1'],
    [
      'redis-sentinel://:p@a:1,b/main?db=4',
      {
        sentinels: [
          { host: 'a', port: 1 },
          { host: 'b', port: 26379 },
        ],
        name: 'main',
        db: 4,
        password: 'p',
      },
      'redis-sentinel://a:1,b/main?db=4',
    ],
  ])('%s is understood, and described without its password', (url, options, description) => {
    expect(parseRedisUrl(url)).toEqual({ address: { options, description } })
  })

  it.each([
    ['redis-cluster://a:1,b', {}],
    ['redis-cluster://u:p%40ss@a:1,b/', { username: 'u', password: 'p@ss' }],
    ['rediss-cluster://:p@a:1,b', { password: 'p', tls: {} }],
  ])('%s is understood as a cluster', (url, options) => {
    const cluster = [
      { host: 'a', port: 1 },
      { host: 'b', port: 6379 },
    ]
    const description = `${url.split(':')[0]}://a:1,b`
    expect(parseRedisUrl(url)).toEqual({ address: { options, cluster, description } })
  })

  it.each([
    ['localhost:6379', /expected redis:\/\//],
    ['http://h', /expected redis:\/\//],
    ['redis://', /expected redis:\/\/host:port/],
    ['redis://h/x', /number of a database/],
    ['redis://h?family=9', /no option/],
    ['redis://:%zz@h', /% that starts no escape/],
    ['unix://run/redis.sock', /three slashes/],
    ['redis-sentinel://a,b', /name-of-the-master/],
    ['redis-cluster://a,b?db=1', /a cluster has one database/],
    ['redis-cluster://a,b/1', /a cluster has one database/],
    ['redis-cluster://a,', /expected redis-cluster:\/\/host:port,host:port/],
  ])('%s is refused in words', (url, fault) => {
    expect(parseRedisUrl(url).fault).toMatch(fault)
  })
})

describe('a Redis that was named', () => {
  it('is used, and left alone at the end', async () => {
    const data = join(await temporaryDirectory(), 'data')
    const owner = runProgram('holder.mjs', [data])
    await owner.says(/joined/)
    const url = `unix://${join(data, 'redis', 'redis.sock')}?db=1`
    const guest = runProgram('holder.mjs', ['/nowhere', 'command', 'PING'], { REDIS_URL: url })
    expect(await guest.ended()).toBe(0)
    expect(guest.output()).toContain('answer "PONG"')
    await owner.says(/beat/)
  })

  it('that does not answer is told after five seconds, with host and port and without password or stack', async () => {
    const silent = createServer(() => {})
    const port = await new Promise<number>(resolve => {
      silent.listen(0, '127.0.0.1', () => resolve((silent.address() as { port: number }).port))
    })
    const started = Date.now()
    const hung = runProgram('holder.mjs', ['/nowhere'], { REDIS_URL: `redis://:geheim@127.0.0.1:${port}` })
    const closed = runProgram('holder.mjs', ['/nowhere'], { REDIS_URL: 'redis://:geheim@127.0.0.1:1' })
    expect(await Promise.all([hung.ended(), closed.ended()])).toEqual([75, 75])
    silent.close()
    expect(Date.now() - started).toBeGreaterThan(4_000)
    expect(Date.now() - started).toBeLessThan(12_000)
    expect(hung.output()).toMatch(
      new RegExp(
        `^Redis at redis://127.0.0.1:${port} does not answer \\(.*\\)\\. Start it, or correct REDIS_URL`,
      ),
    )
    expect(closed.output()).toMatch(
      /^Redis at redis:\/\/127.0.0.1:1 does not answer \(connection refused\)\./,
    )
    for (const { output } of [hung, closed]) expect(output()).not.toMatch(/geheim|^\s+at /m)
  })

  it('that refuses the password, or is too old, is told at once', async () => {
    const old = fakeRedis(line => (line.includes('INFO') ? '$20\r\nredis_version:6.0.16\r\n' : '+OK\r\n'))
    const strict = fakeRedis(() => '-WRONGPASS invalid username-password pair or user is disabled.\r\n')
    const urls = [`redis://127.0.0.1:${await old.port}`, `redis://:geheim@127.0.0.1:${await strict.port}`]
    const [tooOld, refused] = urls.map(url => runProgram('holder.mjs', ['/nowhere'], { REDIS_URL: url }))
    expect([await tooOld?.ended(), await refused?.ended()]).toEqual([78, 78])
    old.close()
    strict.close()
    expect(tooOld?.output()).toMatch(/is 6\.0\.16; Tidings needs 6\.2 or newer/)
    expect(refused?.output()).toMatch(/refuses the user or password \(WRONGPASS\)\. Correct REDIS_URL\./)
    expect(refused?.output()).not.toContain('geheim')
  })
})

it('a cluster that is not whole yet is waited for, and used when it is', { timeout: 60_000 }, async () => {
  const directory = await serverDirectory()
  const { port, redis, kill } = await startRedisServer(directory.path, port => [
    ...plainOptions(port),
    ...['--cluster-enabled', 'yes', '--cluster-config-file', 'nodes.conf'],
    ...['--cluster-announce-ip', '127.0.0.1'],
  ])
  const slots = (first: number) => Array.from({ length: 8192 }, (_, i) => first + i)
  await redis.cluster('ADDSLOTS', ...slots(0))
  const cluster = [{ host: '127.0.0.1', port }]
  const connection = lastingConnection({ options: {}, cluster, description: 'a cluster' }, 'worker')
  connection.on('error', () => {})
  const lost = new Promise(resolve => connection.once('reconnecting', resolve))
  const connected = connection.connect()
  await lost
  await redis.cluster('ADDSLOTS', ...slots(8192))
  await connected
  expect(await connection.set('key', 'value')).toBe('OK')
  connection.disconnect()
  await kill()
  await directory.remove()
})
