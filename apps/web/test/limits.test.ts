import { expect, it } from 'vitest'
import { testSite } from './client.ts'

const site = await testSite()
const { server } = site.app

it('a connection, a request and its head must be there in time', () => {
  expect(server.requestTimeout).toBe(120_000)
  expect(server.headersTimeout).toBeGreaterThan(0)
  expect(server.headersTimeout).toBeLessThanOrEqual(server.requestTimeout)
  expect(server.timeout).toBe(60_000)
})

it('a form may have 64 kB, and not a byte more', async () => {
  const limit = 64 * 1024
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  const send = (bytes: number) =>
    site.browser().send({ method: 'POST', url: '/login', headers, payload: `x=${'a'.repeat(bytes - 2)}` })
  expect((await send(limit)).statusCode).toBe(403)
  expect((await send(limit + 1)).statusCode).toBe(413)
})

it('a field may have as many characters as it says, and not one more', async () => {
  const attempt = (username: string) =>
    site.browser().submit('/login', '/login', { username, password: 'wrong password' })
  expect((await attempt('x'.repeat(1000))).statusCode).toBe(422)
  expect((await attempt('x'.repeat(1001))).statusCode).toBe(400)
})

it('an address may be long, and is then refused by a page', async () => {
  for (const url of [`/jobs/${'x'.repeat(600)}`, `/?page=${'1'.repeat(10_000)}`, `/${'x/'.repeat(3000)}`]) {
    const { statusCode, body } = await site.browser().get(url)
    expect([200, 303, 400, 404, 414], url.slice(0, 30)).toContain(statusCode)
    expect(body.length).toBeLessThan(50_000)
  }
})
