import { once } from 'node:events'
import { mkdtempSync, readdirSync } from 'node:fs'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, it, vi } from 'vitest'
import { type Browser, multipart, testSite } from './client.ts'

// Whatever writes temporary files in this process writes them here.
const temporary = mkdtempSync(join(tmpdir(), 'tidings-uploads-'))
process.env.TMPDIR = temporary

const HOST = '127.0.0.1:3000'
const SECONDS = 2
/** When a request that isn't there yet is ended: in time, but for what a machine with much else to do may add, ms. */
const LIMIT = 15_000
const site = await testSite({ config: { PUBLIC_URL: `http://${HOST}`, REQUEST_SECONDS: SECONDS } })
await site.app.listen({ port: 0, host: '127.0.0.1' })
const { port } = site.app.server.address() as AddressInfo
const { server } = site.app

const CSV = Buffer.from(`title,body\n${'A title,A body\n'.repeat(1000)}`)

/** An upload of which the head and the first thousand bytes have been sent. */
async function half(browser: Browser) {
  const form = await browser.form('/jobs', '/jobs/import-posts')
  const { payload, headers } = multipart(form, { name: 'posts.csv', content: CSV })
  const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const lines = [
    'POST /jobs/import-posts HTTP/1.1',
    `Host: ${HOST}`,
    `Cookie: ${cookie}`,
    `Content-Type: ${headers['content-type']}`,
    `Content-Length: ${payload.length}`,
  ]
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  let answer = ''
  socket.setEncoding('latin1').on('data', text => {
    answer += text
  })
  const since = Date.now()
  const ended = once(socket, 'close').then(() => ({ ms: Date.now() - since, answer }))
  await once(socket, 'connect')
  socket.write(`${lines.join('\r\n')}\r\n\r\n`)
  socket.write(payload.subarray(0, 1000))
  return { socket, rest: payload.subarray(1000), ended }
}

async function drip(socket: Socket, bytes: Buffer): Promise<void> {
  for (const byte of bytes) {
    if (socket.destroyed) return
    socket.write(Buffer.from([byte]))
    await pause(100)
  }
}

/** Neither a job nor a file is left, and no connection. */
async function expectNothingLeft(owner: string): Promise<void> {
  await vi.waitFor(async () => {
    const open = await new Promise((resolve, reject) =>
      server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
    )
    expect(open).toBe(0)
  }, LIMIT)
  expect(await site.jobs.list({ owner })).toEqual([])
  const keys = await site.redis.keys(`${site.prefix.replace(/[{}]/g, '\\$&')}*`)
  expect(keys.filter(key => key.includes(':file'))).toEqual([])
  expect(readdirSync(temporary)).toEqual([])
}

it.each([
  ['comes byte by byte', drip],
  ['stops half-way', async () => {}],
] as const)(
  'an upload that %s is ended in time, and leaves nothing',
  async (how, send) => {
    const { browser, id } = await site.user(how.replaceAll(' ', '-'))
    const { socket, rest, ended } = await half(browser)
    await send(socket, rest)
    const { ms, answer } = await ended
    expect(ms).toBeGreaterThan(SECONDS * 1000 - 100)
    expect(ms).toBeLessThan(LIMIT)
    expect(answer).toMatch(/^HTTP\/1\.1 408 /)
    expect(answer).toContain('Your request did not arrive in time. Nothing was changed.')
    await expectNothingLeft(id)
  },
  60_000,
)

it('an upload whose client vanishes leaves nothing, and no place taken', async () => {
  const { browser, id } = await site.user('vanishes')
  for (let times = 0; times < 5; times += 1) {
    const { socket, ended } = await half(browser)
    // The server has taken it up.
    await browser.get('/inbox')
    socket.destroy()
    await ended
  }
  await expectNothingLeft(id)
  const whole = await browser.upload('/jobs', '/jobs/import-posts', { name: 'posts.csv', content: CSV })
  expect(whole.statusCode).toBe(303)
}, 60_000)

it('a user has three uploads on their way at most, and others have theirs', async () => {
  const { browser } = await site.user('busy')
  const { browser: other } = await site.user('other')
  const upload = (by: Browser) =>
    by.upload('/jobs', '/jobs/import-posts', { name: 'posts.csv', content: CSV })
  const three = await Promise.all([half(browser), half(browser), half(browser)])
  await vi.waitFor(async () => expect((await upload(browser)).statusCode).toBe(429), LIMIT)
  expect((await upload(other)).statusCode).toBe(303)
  for (const { socket } of three) socket.destroy()
  await vi.waitFor(async () => expect((await upload(browser)).statusCode).toBe(303), LIMIT)
}, 60_000)
