import { describe, expect, it } from 'vitest'
import { testSite } from './client.ts'

const site = await testSite()

describe('a form', () => {
  it('without its token, or with somebody else’s, changes nothing and gets a page that says what to do', async () => {
    const alice = site.browser()
    await alice.logIn('alice')
    const bob = site.browser()
    await bob.logIn('bob')
    const { _csrf: foreign = '' } = await bob.form('/jobs', '/jobs/demo')
    for (const fields of [{}, { _csrf: '' }, { _csrf: 'x' }, { _csrf: foreign }]) {
      for (const action of ['/jobs/demo', '/jobs/export-posts', '/jobs/none', '/logout', '/login']) {
        const response = await alice.post(action, fields as Record<string, string>)
        expect(response.statusCode, action).toBe(403)
        expect(response.body).toMatch(/This form (is too old|had been open for too long)/)
      }
    }
    expect(await site.jobs.list({ owner: site.alice.id })).toEqual([])
    expect((await alice.get('/jobs')).statusCode).toBe(200)
  })

  it('with its token twice is refused', async () => {
    const alice = site.browser()
    await alice.logIn('alice')
    const { _csrf = '' } = await alice.form('/jobs', '/jobs/demo')
    const response = await alice.send({
      method: 'POST',
      url: '/jobs/demo',
      payload: `_csrf=${encodeURIComponent(_csrf)}&_csrf=x`,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    })
    expect(response.statusCode).toBe(403)
  })

  it('from another site is refused, token or not', async () => {
    const alice = site.browser()
    await alice.logIn('alice')
    const fields = await alice.form('/jobs', '/jobs/demo')
    const foreign: Record<string, string>[] = [
      { origin: 'https://evil.example' },
      { origin: 'http://127.0.0.1:3001' },
      { origin: 'https://127.0.0.1:3000' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
    ]
    for (const headers of foreign) {
      expect((await alice.post('/jobs/demo', fields, headers)).statusCode, JSON.stringify(headers)).toBe(403)
    }
    expect((await alice.post('/jobs/demo', fields)).statusCode).toBe(303)
  })

  it('in a format that no form of ours has is refused', async () => {
    const alice = site.browser()
    await alice.logIn('alice')
    const { _csrf = '' } = await alice.form('/jobs', '/jobs/demo')
    for (const [type, payload] of [
      ['application/json', JSON.stringify({ _csrf })],
      ['text/plain', `_csrf=${_csrf}`],
    ] as const) {
      const response = await alice.send({
        method: 'POST',
        url: '/jobs/demo',
        payload,
        headers: { 'content-type': type },
      })
      expect(response.statusCode, type).toBe(415)
      expect(response.headers['content-type']).toContain('text/html')
    }
  })
})

describe('a request for another host', () => {
  it('is told that this isn’t the place', async () => {
    for (const host of [
      'evil.example',
      '127.0.0.1:3001',
      'localhost:3000.evil.example',
      'evil.example@localhost:3000',
      'a b',
    ]) {
      const response = await site.browser().get('/', { host })
      expect(response.statusCode, host).toBe(421)
      expect(response.body).not.toContain('evil')
    }
  })

  it('is served under this machine’s own names', async () => {
    for (const host of ['localhost:3000', '127.0.0.1:3000', '[::1]:3000', 'LOCALHOST:3000']) {
      expect((await site.browser().get('/', { host })).statusCode, host).toBe(200)
    }
  })

  it('is served under the public address alone where one is set', async () => {
    const open = await testSite({ config: { PUBLIC_URL: 'http://tidings.example', HOST: '0.0.0.0' } })
    const status = async (host: string) => (await open.browser().get('/', { host })).statusCode
    expect(await status('tidings.example')).toBe(200)
    expect(await status('tidings.example:80')).toBe(200)
    expect(await status('localhost:3000')).toBe(421)
    expect((await open.browser().get('/healthz', { host: '10.1.2.3' })).statusCode).toBe(200)
  })

  it('is not made ours by a header that only a proxy may send', async () => {
    const headers = { host: 'evil.example', 'x-forwarded-host': '127.0.0.1:3000' }
    expect((await site.browser().get('/', headers)).statusCode).toBe(421)
  })
})

describe('a route that changes something', () => {
  it('can’t be registered where no token is asked for', async () => {
    const { fastify } = await import('fastify')
    const { ownSite } = await import('../src/plugins/own-site.ts')
    const app = fastify()
    const address = { isOwnHost: () => true, isOwnOrigin: () => true }
    await app.register(ownSite, { address })
    expect(() => app.post('/x', async () => 'done')).toThrow(/among the pages with sessions/)
  })
})
