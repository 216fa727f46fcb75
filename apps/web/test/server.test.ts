import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import { Visitor } from '../../../test/visitor.ts'
import { redisUrl } from './client.ts'

const SERVER = fileURLToPath(new URL('../dist/server.js', import.meta.url))
const folder = await mkdtemp(join(tmpdir(), 'tidings-server-'))
const running: ChildProcess[] = []

afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL')
})
afterAll(() => rm(folder, { recursive: true }))

/** Starts the real process with nothing in its environment but this. */
function start(env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [SERVER], {
    cwd: folder,
    env: { PATH: process.env.PATH, REDIS_URL: redisUrl(), DATA_DIR: folder, PORT: '0', ...env },
  })
  running.push(child)
  const output = { out: '', err: '' }
  child.stdout.on('data', data => {
    output.out += data
  })
  child.stderr.on('data', data => {
    output.err += data
  })
  const exit = once(child, 'exit').then(([code]) => code as number | null)
  return { child, output, exit }
}

async function ready({ output }: ReturnType<typeof start>): Promise<string> {
  let address = ''
  await vi.waitFor(() => {
    const records = output.out
      .split('\n')
      .filter(Boolean)
      .map(line => JSON.parse(line))
    address = records.find(record => record.ready === true)?.address ?? ''
    expect(address).not.toBe('')
  }, 20_000)
  return address
}

/** A connection on which a form is still on its way. */
async function halfAForm(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  await once(socket, 'connect')
  const type = 'application/x-www-form-urlencoded'
  socket.write(
    `POST /login HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: ${type}\r\nContent-Length: 3\r\n\r\na`,
  )
  return socket
}

describe('the web process', () => {
  it('is built', () => expect(existsSync(SERVER)).toBe(true))

  it('says where it listens, serves, and ends with 0 when it is told to', async () => {
    const server = start()
    const address = await ready(server)
    expect(address).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect((await fetch(address)).status).toBe(200)
    expect((await fetch(`${address}/readyz`)).status).toBe(200)
    server.child.kill('SIGTERM')
    expect(await server.exit).toBe(0)
    expect(server.output.err).toBe('')
  })

  it('finishes what was asked for before it ends, though connections stay open', async () => {
    const server = start({ DEMO: '1' })
    const address = await ready(server)
    const { port } = new URL(address)
    // An idle connection, and one whose form is still on its way.
    const idle = connect(Number(port), '127.0.0.1')
    await once(idle, 'connect')
    const slow = await halfAForm(Number(port))
    let answer = ''
    slow.on('data', data => {
      answer += data
    })
    await vi.waitFor(async () => {
      // The server has taken the request up when it answers a later one.
      expect((await fetch(`${address}/healthz`)).status).toBe(200)
    }, 15_000)
    server.child.kill('SIGTERM')
    await vi.waitFor(() => expect(server.output.out).toContain('open requests may finish'), 15_000)
    const told = Date.now()
    slow.write('=b')
    await vi.waitFor(() => expect(answer).toContain('HTTP/1.1 403'), 15_000)
    idle.destroy()
    expect(await server.exit).toBe(0)
    expect(Date.now() - told).toBeLessThan(5000)
  })

  it('ends open streams of messages at once, telling them to come back, and does not wait for them', async () => {
    const server = start({ DEMO: '1' })
    const visitor = await Visitor.loggedIn(await ready(server), 'alice')
    const response = await visitor.open('/messages/stream', AbortSignal.timeout(30_000))
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream'])
    const told = response.text()
    server.child.kill('SIGTERM')
    expect((await told).match(/^retry: \d+$/gm)?.length).toBeGreaterThan(1)
    expect(await server.exit).toBe(0)
  }, 60_000)

  it('leaves at once when it is told a second time', async () => {
    const server = start()
    const address = await ready(server)
    const { port } = new URL(address)
    const slow = await halfAForm(Number(port))
    await vi.waitFor(async () => expect((await fetch(`${address}/healthz`)).status).toBe(200), 15_000)
    server.child.kill('SIGINT')
    const first = Date.now()
    await vi.waitFor(() => expect(server.output.out).toContain('open requests may finish'), 15_000)
    expect(server.child.exitCode).toBeNull()
    const again = setInterval(() => server.child.kill('SIGINT'), 50)
    expect(await server.exit).toBe(130)
    clearInterval(again)
    slow.destroy()
    expect(Date.now() - first).toBeGreaterThanOrEqual(490)
    expect(Date.now() - first).toBeLessThan(5000)
  })

  it('says in plain words that its port is taken', async () => {
    const { port } = new URL(await ready(start()))
    const second = start({ PORT: port })
    expect(await second.exit).toBe(1)
    expect(second.output.err).toBe(
      `Port ${port} is taken on 127.0.0.1. Stop what uses it, or set PORT to another one.\n`,
    )
  })

  it('says in plain words what is wrong with its configuration, all at once', async () => {
    const server = start({ PORT: 'x', PUBLIC_URL: 'y' })
    expect(await server.exit).toBe(78)
    expect(server.output.err).toMatch(/PORT: .*\n.*PUBLIC_URL: /)
    expect(server.output.err).not.toMatch(/ at .*\.js/)
  })

  it('says in plain words that there is no Redis', async () => {
    const server = start({ REDIS_URL: `unix://${folder}/none.sock` })
    expect(await server.exit).toBe(75)
    expect(server.output.err).toContain('does not answer')
    expect(server.output.err).not.toMatch(/ at .*\.js/)
  })

  it('has the demo’s accounts with DEMO', async () => {
    const address = await ready(start({ DEMO: '1' }))
    expect(await (await fetch(`${address}/login`)).text()).toContain('tidings-demo')
  })
})
