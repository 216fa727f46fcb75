import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { type Browser, PASSWORD, type Site, testSite } from './client.ts'

// Nobody runs the job: its stream goes on for as long as it is let.
const HOST = '127.0.0.1:3000'
const NEVER = 3_600_000
const LIMIT = 5000
const siteOf = async (streamRecheck?: number) => {
  const config = { PUBLIC_URL: `http://${HOST}`, LOGINS_PER_MINUTE: 1000 }
  const site = await testSite({ config, ...(streamRecheck !== undefined && { streamRecheck }) })
  await site.app.listen({ port: 0, host: '127.0.0.1' })
  return site
}
const hinted = await siteOf(NEVER)
const deaf = await siteOf()
deaf.blog.users.changes.watch = async () => () => {}
const cut = await siteOf()
cut.redis.options.connectionName = `cut-${cut.prefix.slice(1, -1)}`
const open: IncomingMessage[] = []
afterAll(() => {
  for (const stream of open) stream.destroy()
})

/** Opens a stream as this browser does, and waits for what it begins with. */
async function streamOf(site: Site, browser: Browser, path: string): Promise<IncomingMessage> {
  const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const { port } = site.app.server.address() as AddressInfo
  const asked = request({ host: '127.0.0.1', port, path, headers: { host: HOST, cookie } })
  asked.end()
  const [stream] = (await once(asked, 'response')) as [IncomingMessage]
  open.push(stream)
  expect([stream.statusCode, stream.headers['content-type']]).toEqual([200, 'text/event-stream'])
  await once(stream, 'data')
  stream.resume()
  return stream
}

async function jobStream(site: Site, browser: Browser, owner: string): Promise<IncomingMessage> {
  if (!site.definitions.demo) throw new Error('Expected the demo job.')
  const input = { label: 'x', outcome: 'succeed', seconds: 0 } as const
  const { id } = await site.jobs.enqueue(site.definitions.demo, input, { owner, delay: 600_000 })
  return streamOf(site, browser, `/jobs/${id}/stream`)
}

let users = 0
async function someone(site: Site) {
  users += 1
  return { site, username: `user-${users}`, ...(await site.user(`user-${users}`)) }
}

/** Ends the connections of this site on which hints come; they come back by themselves. */
async function cutHints({ redis }: Site): Promise<void> {
  const name = `name=${redis.options.connectionName}`
  const own = async () => {
    const clients = String(await redis.call('CLIENT', 'LIST', 'TYPE', 'pubsub')).split('\n')
    return clients.filter(line => line.split(' ').includes(name))
  }
  await vi.waitFor(async () => expect(await own()).not.toHaveLength(0), 10_000)
  for (const line of await own()) await redis.call('CLIENT', 'KILL', 'ID', /id=(\d+)/.exec(line)?.[1] ?? '')
}

const STREAMS = [
  ['a stream of a job', jobStream],
  ['the stream of messages', (site: Site, browser: Browser) => streamOf(site, browser, '/messages/stream')],
] as const

const WORDS = 'three quiet words'
async function logInAs(username: string, browser: Browser): Promise<void> {
  const fields = await browser.form('/account', '/account/sessions/end')
  expect((await browser.post('/login', { ...fields, username, password: PASSWORD })).statusCode).toBe(303)
}
type Somebody = Awaited<ReturnType<typeof someone>>
const ENDINGS: [string, (who: Somebody, elsewhere: Browser) => Promise<unknown>][] = [
  [
    'another password, given elsewhere',
    (_, elsewhere) =>
      elsewhere.submit('/account', '/account/password', {
        currentPassword: PASSWORD,
        newPassword: WORDS,
        newPasswordAgain: WORDS,
      }),
  ],
  ['“log out everywhere else”', (_, elsewhere) => elsewhere.submit('/account', '/account/sessions/end')],
  ['its own logout, in another tab', ({ browser }) => browser.logOut()],
  ['a login as somebody else in another tab', ({ browser }) => logInAs('bob', browser)],
  ['an account that is disabled', ({ site, id }) => site.blog.users.disable(id)],
  ['an account that is deleted', ({ site, id }) => site.blog.users.delete(id)],
  ['another role', ({ site, id }) => site.blog.users.setRole(id, 'staff')],
]
describe.each([
  ['by a hint alone', hinted, async () => {}],
  ['without any hint', deaf, async () => {}],
  ['while the connection for hints is cut', cut, () => cutHints(cut)],
] as const)('%s', (_, site, before) => {
  describe.each(STREAMS)('%s', (_name, openStream) => {
    it.concurrent.each(ENDINGS)(
      'ends within five seconds of %s',
      async (_ending, end) => {
        const who = await someone(site)
        const elsewhere = site.browser()
        await elsewhere.logIn(who.username)
        const stream = await openStream(site, who.browser, who.id)
        const closed = once(stream, 'end').then(() => Date.now())
        await before()
        await end(who, elsewhere)
        const since = Date.now()
        expect((await closed) - since).toBeLessThan(LIMIT)
      },
      30_000,
    )
  })
})

describe.each(STREAMS)('%s', (_, openStream) => {
  it('goes on for others, and keeps no session alive', async () => {
    const { browser, id } = await someone(deaf)
    const [key = ''] = await keysOf(deaf, id)
    await deaf.redis.pexpire(key, 3_600_000)
    const stream = await openStream(deaf, browser, id)
    let asked = 0
    const { users } = deaf.blog
    const find = users.findMany.bind(users)
    users.findMany = async ids => {
      if (ids.includes(id)) asked += 1
      return find(ids)
    }
    await expect.poll(() => asked, { timeout: 30_000 }).toBeGreaterThanOrEqual(2)
    users.findMany = find
    expect(stream.readableEnded).toBe(false)
    expect(await deaf.redis.pttl(key)).toBeLessThanOrEqual(3_600_000)
  }, 40_000)
})

/** The keys of somebody's sessions. */
async function keysOf({ redis, prefix }: Site, userId: string): Promise<string[]> {
  const keys = await redis.keys(`${prefix.replace(/[{}]/g, '\\$&')}:session:*`)
  const texts = await redis.mget(keys)
  return keys.filter((_, n) => texts[n]?.includes(userId))
}
