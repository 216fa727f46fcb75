import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, describe, expect, it } from 'vitest'
import { type Browser, PASSWORD, testSite } from './client.ts'

// Nobody runs the job: its stream goes on for as long as it is let.
const HOST = '127.0.0.1:3000'
const site = await testSite({ config: { PUBLIC_URL: `http://${HOST}`, LOGINS_PER_MINUTE: 1000 } })
await site.app.listen({ port: 0, host: '127.0.0.1' })
const { port } = site.app.server.address() as AddressInfo
const open: IncomingMessage[] = []
afterAll(() => {
  for (const stream of open) stream.destroy()
})

/** Opens a stream as this browser does, and waits for what it begins with. */
async function streamOf(browser: Browser, path: string): Promise<IncomingMessage> {
  const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const asked = request({ host: '127.0.0.1', port, path, headers: { host: HOST, cookie } })
  asked.end()
  const [stream] = (await once(asked, 'response')) as [IncomingMessage]
  open.push(stream)
  expect([stream.statusCode, stream.headers['content-type']]).toEqual([200, 'text/event-stream'])
  await once(stream, 'data')
  stream.resume()
  return stream
}

async function jobStream(browser: Browser, owner: string): Promise<IncomingMessage> {
  if (!site.definitions.demo) throw new Error('Expected the demo job.')
  const input = { label: 'x', outcome: 'succeed', seconds: 0 } as const
  const { id } = await site.jobs.enqueue(site.definitions.demo, input, { owner, delay: 600_000 })
  return streamOf(browser, `/jobs/${id}/stream`)
}

let users = 0
async function someone() {
  users += 1
  return { username: `user-${users}`, ...(await site.user(`user-${users}`)) }
}

const WORDS = 'three quiet words'
const { users: accounts } = site.blog
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
  ['an account that is disabled', ({ id }) => accounts.disable(id)],
  ['an account that is deleted', ({ id }) => accounts.delete(id)],
]

describe.each([
  ['a stream of a job', jobStream],
  ['the stream of messages', (browser: Browser) => streamOf(browser, '/messages/stream')],
])('%s', (_, openStream) => {
  it.concurrent.each(ENDINGS)(
    'ends after %s',
    async (_ending, end) => {
      const who = await someone()
      const elsewhere = site.browser()
      await elsewhere.logIn(who.username)
      const stream = await openStream(who.browser, who.id)
      const closed = once(stream, 'end').then(() => Date.now())
      await end(who, elsewhere)
      const since = Date.now()
      // Asked for every four seconds at most; the rest is for a machine that has much else to do.
      expect((await closed) - since).toBeLessThan(20_000)
    },
    40_000,
  )

  it('goes on for others, and keeps no session alive', async () => {
    const { browser, id } = await someone()
    const [key = ''] = await keysOf(id)
    await site.redis.pexpire(key, 3_600_000)
    const stream = await openStream(browser, id)
    let asked = 0
    const find = accounts.find.bind(accounts)
    accounts.find = async wanted => {
      if (wanted === id) asked += 1
      return find(wanted)
    }
    await expect.poll(() => asked, { timeout: 30_000 }).toBeGreaterThanOrEqual(2)
    accounts.find = find
    expect(stream.readableEnded).toBe(false)
    expect(await site.redis.pttl(key)).toBeLessThanOrEqual(3_600_000)
  }, 40_000)
})

/** The keys of somebody's sessions. */
async function keysOf(userId: string): Promise<string[]> {
  const keys = await site.redis.keys(`${site.prefix.replace(/[{}]/g, '\\$&')}:session:*`)
  const texts = await site.redis.mget(keys)
  return keys.filter((_, n) => texts[n]?.includes(userId))
}
