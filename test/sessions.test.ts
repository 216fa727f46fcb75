import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { start, startWeb, type TidingsProcess } from './process.ts'
import { Visitor } from './visitor.ts'

type Web = TidingsProcess & { address: string }
let dataDir: string
let one: Web
let other: Web

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'tidings-sessions-'))
  one = await startWeb({ DATA_DIR: dataDir, LOGINS_PER_MINUTE: '2' })
  other = await startWeb({ DATA_DIR: dataDir, LOGINS_PER_MINUTE: '2' })
}, 60_000)
afterAll(async () => {
  await Promise.all([other.end('SIGTERM'), one.end('SIGTERM')])
  await rm(dataDir, { recursive: true, force: true, maxRetries: 5 })
})

const isIn = async (visitor: Visitor) => (await visitor.get('/inbox')).status === 200

/** The visitor's stream of messages, once it has begun: fulfilled when it has ended. */
async function streamOf(visitor: Visitor): Promise<{ ended: Promise<unknown> }> {
  const { status, body } = await visitor.open('/messages/stream', AbortSignal.timeout(60_000))
  expect(status).toBe(200)
  const reader = body?.getReader()
  await reader?.read()
  const toTheEnd = async () => {
    while (!(await reader?.read())?.done);
  }
  return { ended: toTheEnd() }
}

describe('with two web processes', () => {
  it('a logout at one is final, also while a slow form is on its way to the other', async () => {
    const alice = await Visitor.loggedIn(one.address, 'alice')
    expect(await isIn(alice.at(other.address))).toBe(true)
    const { hidden } = await alice.form('/account', '/account/sessions/end')
    const body = new URLSearchParams({ ...hidden, newPassword: 'x' }).toString()
    const slow = request(`${other.address}/account/password`, {
      method: 'POST',
      headers: {
        cookie: alice.cookie,
        'content-type': 'application/x-www-form-urlencoded',
        'content-length': Buffer.byteLength(body),
      },
    })
    const answered = once(slow, 'response')
    slow.write(body.slice(0, 3))
    // The process has taken the form up when it answers what was asked later.
    await once(slow, 'socket')
    expect(await isIn(alice.at(other.address))).toBe(true)
    const before = alice.copy()

    expect((await alice.submit('/', '/logout', {})).status).toBe(303)
    slow.end(body.slice(3))
    const [{ statusCode }] = await answered
    // Either it was read in time, or the session was gone already; it brings nothing back.
    expect([422, 303, 403]).toContain(statusCode)
    for (const { address } of [one, other]) expect(await isIn(before.at(address))).toBe(false)
  })

  it('another password at one ends what is open at the other', async () => {
    const here = await Visitor.loggedIn(one.address, 'bob')
    const there = await Visitor.loggedIn(other.address, 'bob')
    const { status } = await here.submit('/account', '/account/password', {
      currentPassword: 'tidings-demo',
      newPassword: 'three quiet words',
      newPasswordAgain: 'three quiet words',
    })
    expect(status).toBe(303)
    expect(await isIn(there)).toBe(false)
    expect(await isIn(here)).toBe(true)
    expect(await isIn(here.at(other.address))).toBe(true)
  })

  it('a stream that is open at one ends within five seconds of a logout at the other', async () => {
    const alice = await Visitor.loggedIn(one.address, 'alice')
    const { ended } = await streamOf(alice.at(other.address))
    await alice.submit('/', '/logout', {})
    const since = Date.now()
    await ended
    expect(Date.now() - since).toBeLessThan(5000)
  })

  it.each([
    ['role', 'alice', 'staff'],
    ['disable', 'alice'],
  ])('open streams end within five seconds of `tidings users %s`', async (...args) => {
    const alice = await Visitor.loggedIn(one.address, 'alice')
    const streams = await Promise.all([one, other].map(({ address }) => streamOf(alice.at(address))))
    const command = start(['apps/worker/dist/cli.js', 'users', ...args], { DATA_DIR: dataDir })
    const done = await command.ended.then(({ code }) => ({ code, at: Date.now() }))
    expect(done.code, command.stderr()).toBe(0)
    await Promise.all(streams.map(({ ended }) => ended))
    expect(Date.now() - done.at).toBeLessThan(5000)
  })

  it('logins that failed at one count at the other', async () => {
    const attempt = { username: 'staff', password: 'wrong password' }
    const statuses: number[] = []
    for (const { address } of [one, other, one, other])
      statuses.push((await new Visitor(address).submit('/login', '/login', attempt)).status)
    expect(statuses).toEqual([422, 422, 429, 429])
    const page = await new Visitor(other.address).submit('/login', '/login', attempt)
    expect(Number(page.headers.get('retry-after'))).toBeGreaterThan(0)
  })
})
