import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { start } from '../process.ts'
import { plainOptions, type RedisServer, serverDirectory, startRedisServer, until } from '../redis-server.ts'

/** As in sysexits: what somebody has to set right. */
const CONFIGURATION = 78

let directory: Awaited<ReturnType<typeof serverDirectory>>
let server: RedisServer
beforeAll(async () => {
  directory = await serverDirectory()
  server = await startRedisServer(directory.path, plainOptions)
})
afterAll(async () => {
  await server.kill()
  await directory.remove()
})

const urlOf = ({ host, port }: RedisServer, password = '') => `redis://${password}${host}:${port}`

describe.each([
  ['the web process', ['apps/web/dist/server.js'], { PORT: '0' }],
  ['a worker', ['apps/worker/dist/cli.js', 'worker'], {}],
])('%s refuses to start, in one sentence, by its exit code and without the password', (_, command, env) => {
  async function refusal(url: string): Promise<string> {
    const process = start(command, { ...env, REDIS_URL: url })
    expect(await process.ended).toEqual({ code: CONFIGURATION, signal: null })
    expect(process.stderr()).not.toMatch(/secret|^\s+at /m)
    return process.stderr().trim()
  }

  it('on a Redis that throws data away when its memory is full', async () => {
    await server.redis.config('SET', 'maxmemory-policy', 'allkeys-lru')
    try {
      expect(await refusal(urlOf(server))).toMatch(
        /^The Redis at .* throws away data .*allkeys-lru.*noeviction.*$/,
      )
    } finally {
      await server.redis.config('SET', 'maxmemory-policy', 'noeviction')
    }
  })

  it('on a replica that can not be written to', async () => {
    const replica = await startRedisServer(directory.path, port => [
      ...plainOptions(port),
      ...['--replicaof', `${server.host} ${server.port}`],
    ])
    try {
      await until('the replica to follow', async () =>
        String(await replica.redis.info('replication')).includes('master_link_status:up'),
      )
      expect(await refusal(urlOf(replica))).toMatch(/^The Redis at .* is a replica.*its master\.$/)
    } finally {
      await replica.kill()
    }
  })

  it('on a Redis that is too old', async () => {
    const old = await answering('6.0.16')
    try {
      expect(await refusal(`redis://127.0.0.1:${old.port}`)).toMatch(
        /^The Redis at .* is 6\.0\.16; Tidings needs 6\.2 or newer\. .*$/,
      )
    } finally {
      old.close()
    }
  })

  it('on a Redis that does not know its password', async () => {
    await server.redis.call('ACL', 'SETUSER', 'web', 'on', '>another', '~*', '&*', '+@all')
    expect(await refusal(urlOf(server, 'web:secret@'))).toMatch(
      /^The Redis at .* refuses the user or password \(WRONGPASS\)\. Correct REDIS_URL\.$/,
    )
  })
})

/** A server that answers everything as a Redis of this version says who it is: none so old is to be had. */
async function answering(version: string): Promise<{ port: number; close(): void }> {
  const text = `redis_version:${version}`
  const server = createServer(socket => {
    socket.on('error', () => {})
    socket.on('data', data => {
      for (const command of data.toString().split(/(?=^\*\d+\r\n)/m))
        socket.write(/info/i.test(command) ? `$${text.length}\r\n${text}\r\n` : '+OK\r\n')
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { port: (server.address() as AddressInfo).port, close: () => server.close() }
}
