import { mkdir, readdir, readFile, stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { isRunning, type Running, runProgram, serverPid, temporaryDirectory } from './processes.ts'

describe('the private Redis', () => {
  it('is one server for eight processes that start at once, and the last one out ends it', async () => {
    const data = join(await temporaryDirectory(), 'data')
    const holders = Array.from({ length: 8 }, () => runProgram('holder.mjs', [data]))
    const servers = await Promise.all(holders.map(joinedServer))
    expect(new Set(servers).size).toBe(1)
    const [server = 0] = servers

    const [last, ...others] = holders
    for (const holder of others) holder.process.kill('SIGTERM')
    expect(await Promise.all(others.map(holder => holder.ended()))).toEqual(others.map(() => 0))
    expect(isRunning(server)).toBe(true)

    last?.process.kill('SIGTERM')
    expect(await last?.ended()).toBe(0)
    expect(isRunning(server)).toBe(false)
    expect(await serverPid(data)).toBeUndefined()
  })

  it('is one server again when eight start at once after everything was killed, one of them at the door', async () => {
    const data = join(await temporaryDirectory(), 'data')
    const first = runProgram('holder.mjs', [data])
    const old = await joinedServer(first)
    first.process.kill('SIGKILL')
    process.kill(old, 'SIGKILL')
    await first.ended()
    // The lock that a process leaves behind when it is killed while it starts the server.
    await mkdir(join(data, 'redis', 'lock'))
    const holders = Array.from({ length: 8 }, () => runProgram('holder.mjs', [data]))
    const servers = await Promise.all(holders.map(joinedServer))
    expect(new Set(servers).size).toBe(1)
    expect(servers[0]).not.toBe(old)
    for (const holder of holders) holder.process.kill('SIGTERM')
    expect(await Promise.all(holders.map(holder => holder.ended()))).toEqual(holders.map(() => 0))
    expect(isRunning(servers[0] ?? 0)).toBe(false)
  })

  it('keeps its data to its owner, without snapshots and without eviction', async () => {
    const data = join(await temporaryDirectory(), 'data')
    const holder = runProgram('holder.mjs', [data])
    await joinedServer(holder)
    const mode = async (name: string) => (await stat(join(data, 'redis', name))).mode & 0o777
    expect([await mode('.'), await mode('redis.conf'), await mode('redis.sock')]).toEqual([
      0o700, 0o600, 0o600,
    ])
    const conf = await readFile(join(data, 'redis', 'redis.conf'), 'utf8')
    for (const line of ['port "0"', 'appendonly "yes"', 'save ""', 'maxmemory-policy "noeviction"']) {
      expect(conf).toContain(line)
    }
  })

  it('works in a data directory relative to the current one, and where the path is too long for a socket', async () => {
    const directory = await temporaryDirectory()
    const near = runProgram('holder.mjs', ['data', 'command', 'PING'], {}, directory)
    await near.says(/answer "PONG"/)
    expect(await near.ended()).toBe(0)
    const far = runProgram('holder.mjs', [join('data', 'x'.repeat(100)), 'command', 'PING'], {}, directory)
    await far.says(/answer "PONG"/)
    expect(await far.ended()).toBe(0)
    const conf = await readFile(join(directory, 'data', 'x'.repeat(100), 'redis', 'redis.conf'), 'utf8')
    expect(conf).toMatch(/bind "127.0.0.1"\n/)
    expect(conf).toMatch(/requirepass "[0-9a-f]{48}"/)
  })

  it('is adopted when only the processes were killed', async () => {
    const data = join(await temporaryDirectory(), 'data')
    const killed = runProgram('holder.mjs', [data])
    const server = await joinedServer(killed)
    killed.process.kill('SIGKILL')
    await killed.ended()
    const next = runProgram('holder.mjs', [data])
    expect(await joinedServer(next)).toBe(server)
    next.process.kill('SIGTERM')
    await next.ended()
    expect(isRunning(server)).toBe(false)
  })

  it('has every acknowledged write after a kill -9 of everything', async () => {
    const data = join(await temporaryDirectory(), 'data')
    const writer = runProgram('holder.mjs', [data, 'count'])
    const server = await joinedServer(writer)
    await writer.says(/wrote 500\n/)
    process.kill(server, 'SIGKILL')
    writer.process.kill('SIGKILL')
    await writer.ended()
    const acknowledged = Math.max(
      ...[...writer.output().matchAll(/wrote (\d+)\n/g)].map(match => Number(match[1])),
    )
    const reader = runProgram('holder.mjs', [data, 'command', 'GET', 'count'])
    const [, count] = await reader.says(/answer "(\d+)"/)
    expect(Number(count)).toBeGreaterThanOrEqual(acknowledged)
  })

  it('never carries out half a transaction, however often it is started after an unclean stop', async () => {
    const data = join(await temporaryDirectory(), 'data')
    const script = "redis.call('SET', 'a', 1) redis.call('SET', 'b', 1) redis.call('SET', 'c', 1)"
    await command(data, 'SET', 'before', 'kept')
    const writer = runProgram('holder.mjs', [data])
    const server = await joinedServer(writer)
    await command(data, 'EVAL', script, '0')
    process.kill(server, 'SIGKILL')
    writer.process.kill('SIGKILL')
    await writer.ended()
    await cutAfter(data, '$1\r\nb\r\n')

    // Redis 7.0 alone would put what is written now into the half transaction, and carry that out at the next start.
    await command(data, 'EVAL', "redis.call('SET', 'd', 1) redis.call('SET', 'e', 1)", '0')
    expect(await command(data, 'MGET', 'a', 'b', 'c', 'd', 'e', 'before')).toBe(
      '[null,null,null,"1","1","kept"]',
    )
    expect(await command(data, 'MGET', 'a', 'b', 'c', 'd', 'e', 'before')).toBe(
      '[null,null,null,"1","1","kept"]',
    )
  })

  it('is started again by one of the living when it dies, and they say so', async () => {
    const data = join(await temporaryDirectory(), 'data')
    const holders = [runProgram('holder.mjs', [data]), runProgram('holder.mjs', [data, 'web'])]
    const [server = 0] = await Promise.all(holders.map(joinedServer))
    process.kill(server, 'SIGKILL')
    await vi.waitFor(async () => {
      const now = await serverPid(data)
      expect(now).toBeDefined()
      expect(now).not.toBe(server)
    }, 20_000)
    const beaten = holders.map(holder => holder.output().length)
    await vi.waitFor(() => {
      for (const [index, holder] of holders.entries())
        expect(holder.output().slice(beaten[index])).toMatch(/beat \d+\n/)
    }, 20_000)
    const said = holders.map(holder => holder.output()).join('')
    expect(said.match(/it was started again/g)).toHaveLength(1)
    for (const holder of holders)
      expect((holder.output().match(/no connection to/g) ?? []).length).toBeLessThan(2)
    for (const holder of holders) holder.process.kill('SIGTERM')
    expect(await Promise.all(holders.map(holder => holder.ended()))).toEqual([0, 0])
    expect(await serverPid(data)).toBeUndefined()
  })

  it('says in a sentence that its place is a file, or that there is no server to be had', async () => {
    const directory = await temporaryDirectory()
    const misplaced = runProgram('holder.mjs', [join(process.execPath, 'data')])
    expect(await misplaced.ended()).toBe(1)
    expect(misplaced.output()).toMatch(
      /^The data directory .* can't be used \(a part of the path is a file\)\. Set DATA_DIR/,
    )

    const none = runProgram('holder.mjs', [join(directory, 'data')], {
      PATH: directory,
      HOME: directory,
      XDG_CACHE_HOME: directory,
    })
    expect(await none.ended()).toBe(1)
    expect(none.output()).toMatch(
      /^No Redis to use\..*REDIS_URL.*apt-get install redis-server.*brew install valkey.*docker compose/s,
    )
    for (const { output } of [misplaced, none]) expect(output()).not.toMatch(/^\s+at /m)
  })
})

async function joinedServer(holder: Running): Promise<number> {
  const [, pid] = await holder.says(/joined server=(\d+)/, 20_000)
  return Number(pid)
}

async function command(data: string, ...words: string[]): Promise<string> {
  const program = runProgram('holder.mjs', [data, 'command', ...words])
  const [, answer = ''] = await program.says(/answer (.*)\n/)
  expect(await program.ended()).toBe(0)
  return answer
}

/** Cuts the append-only file behind a text, as a stop in mid-write does. */
async function cutAfter(data: string, text: string): Promise<void> {
  const folder = join(data, 'redis', 'appendonlydir')
  const name =
    (await readdir(folder))
      .filter(file => file.endsWith('.incr.aof'))
      .sort()
      .at(-1) ?? ''
  const file = join(folder, name)
  const at = (await readFile(file, 'latin1')).lastIndexOf(text)
  expect(at).toBeGreaterThan(0)
  await truncate(file, at + text.length)
}
