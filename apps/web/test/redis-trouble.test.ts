import { createJobs } from '@tidings/jobs'
import { RedisMessageStore } from '@tidings/messages'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isRedisTrouble } from '../src/redis-trouble.ts'
import { type Browser, hiddenFields, multipart, redisUrl, testSite } from './client.ts'
import { type Gate, openGate } from './gate.ts'

let gate: Gate
let site: Awaited<ReturnType<typeof testSite>>
let alice: Browser
let form: Record<string, string>
let cookies: Map<string, string>
let written: Record<string, string>

beforeAll(async () => {
  gate = await openGate(redisUrl())
  const redis = new Redis({ ...gate.address, commandTimeout: 700, maxRetriesPerRequest: 1 })
  redis.on('error', () => {})
  site = await testSite({ redis })
  alice = site.browser()
  await alice.logIn('alice')
  form = await alice.form('/jobs', '/jobs/demo')
  cookies = new Map(alice.cookies)
  written = {
    ...(await alice.form('/posts/new', '/posts')),
    title: '"A" <b>walk</b>',
    body: 'It rained.\r\n\r\n</form>It poured.',
    when: 'now',
  }
})
afterAll(() => gate.close())

const asks: [string, (browser: Browser) => ReturnType<Browser['get']>][] = [
  ['a page', browser => browser.get('/jobs')],
  ['the front page', browser => browser.get('/')],
  ['the inbox', browser => browser.get('/inbox')],
  ['a page of jobs', browser => browser.get('/jobs/x')],
  ['a post', browser => browser.get('/posts/x')],
  ['one’s posts', browser => browser.get('/posts/mine')],
  ['a post that is written', browser => browser.post('/posts', written)],
  ['a file', browser => browser.get('/files/x')],
  ['a form', browser => browser.post('/jobs/demo', form)],
  [
    'an upload',
    browser =>
      browser.send({
        method: 'POST',
        url: '/jobs/import-posts',
        ...multipart(form, { name: 'posts.csv', content: Buffer.alloc(1024 * 1024, 'title,body\n') }),
      }),
  ],
  ['the logout', browser => browser.post('/logout', form)],
]

async function timed<T>(ask: () => Promise<T>): Promise<[T, number]> {
  const began = performance.now()
  return [await ask(), performance.now() - began]
}

describe.each([
  ['hangs', () => gate.hang()],
  ['is away', () => gate.shut()],
])('while Redis %s', (_, fail) => {
  beforeAll(() => fail())
  afterAll(() => gate.open())

  it.each(asks)('%s gets a page within a second, and stays signed in', async (_name, ask) => {
    const [response, ms] = await timed(() => ask(alice))
    expect(ms).toBeLessThan(1000)
    expect(response.statusCode).toBe(503)
    expect(response.headers['retry-after']).toBe('5')
    expect(response.headers['set-cookie']).toBeUndefined()
    expect(response.headers.location).toBeUndefined()
    expect(response.headers['content-security-policy']).toContain("default-src 'none'")
    expect(response.body).toContain('Messages are delayed. You are still signed in')
    expect(response.body).not.toMatch(/timed out|ECONNREFUSED|Connection/)
  })

  it('visitors get a page, too, without a session', async () => {
    for (const url of ['/', '/login', '/posts/x']) {
      const [response, ms] = await timed(() => site.browser().get(url))
      expect(ms, url).toBeLessThan(1000)
      expect(response.statusCode, url).toBe(503)
      expect(response.headers['set-cookie'], url).toBeUndefined()
    }
  })

  it('what needs no Redis works as ever', async () => {
    for (const [url, status] of [
      ['/healthz', 200],
      ['/assets/style.css', 200],
      ['/nothing', 404],
      ['/%zz', 400],
    ] as const) {
      const [response, ms] = await timed(() => alice.get(url))
      expect(ms, url).toBeLessThan(300)
      expect(response.statusCode, url).toBe(status)
    }
    const [ready, ms] = await timed(() => alice.get('/readyz'))
    expect(ms).toBeLessThan(700)
    expect(ready.statusCode).toBe(503)
  })

  it('a form that starts a job comes back as it was filled in, with its key and its token', async () => {
    const fields = { ...form, label: '<b> "typed" & ünïque', outcome: 'partial', seconds: '7.5' }
    const { statusCode, headers, body } = await alice.post('/jobs/demo', fields)
    expect(statusCode).toBe(503)
    expect(headers['retry-after']).toBe('5')
    expect(headers['cache-control']).toBe('private, no-store')
    expect(headers['set-cookie']).toBeUndefined()
    expect(body).toContain(
      "We could not tell whether it started. Press the button again: it can't start twice.",
    )
    expect(hiddenFields(body, '/jobs/demo')).toEqual(form)
    expect(body).toContain('value="&lt;b&gt; &quot;typed&quot; &amp; ünïque"')
    expect(body).toContain('<option value="partial" selected="selected">')
    expect(body).toContain('value="7.5"')
  })

  it('a form with a file says that the file is to be chosen again, and keeps its key', async () => {
    const fields = { _csrf: form._csrf ?? '', idempotencyKey: 'key-of-an-upload' }
    const file = { name: 'posts.csv', content: Buffer.alloc(1024 * 1024, 'title,body\nOne,Body\n') }
    const upload = multipart(fields, file)
    const { statusCode, body } = await alice.send({ method: 'POST', url: '/jobs/import-posts', ...upload })
    expect(statusCode).toBe(503)
    expect(body).toContain('choose the same one again')
    expect(hiddenFields(body, '/jobs/import-posts')).toEqual(fields)
  })

  it('a job that is to run again comes back with its button and its key', async () => {
    const fields = { _csrf: form._csrf ?? '', idempotencyKey: 'key-of-another' }
    const path = '/jobs/AAAAAAAAAAAAAAAAAAAAAA/again'
    const { statusCode, body } = await alice.post(path, fields)
    expect(statusCode).toBe(503)
    expect(body).toContain('could not tell whether it started')
    expect(hiddenFields(body, path)).toEqual(fields)
  })

  it('a form that no page of ours sends gets the plain page', async () => {
    const strange: Record<string, string>[] = [
      { ...form, idempotencyKey: 'a b' },
      { ...form, label: 'x'.repeat(5000), seconds: 'x'.repeat(60_000) },
    ]
    for (const fields of strange) {
      const { statusCode, body } = await alice.post('/jobs/demo', fields)
      expect(statusCode).toBe(503)
      expect(body).not.toContain('a b')
      expect(body).not.toContain('xxxxxxxx')
    }
    for (const type of ['application/json', 'multipart/form-data', 'multipart/form-data; boundary=x', ''])
      expect(
        (
          await alice.send({
            method: 'POST',
            url: '/jobs/demo',
            payload: '--x\r\nContent-Disposition: form-data; name="label"\r\n\r\nhalf',
            headers: { 'content-type': type },
          })
        ).statusCode,
        type,
      ).toBe(503)
    expect((await alice.post('/jobs/none', form)).statusCode).toBe(503)
  })

  it('a form in which somebody wrote gives it all back, to be sent again with the same key', async () => {
    const { statusCode, body } = await alice.post('/posts', written)
    expect(statusCode).toBe(503)
    expect(body).toContain('What you typed is kept in this page.')
    expect(hiddenFields(body, '/posts')).toEqual(written)
    expect((await alice.post('/logout', form)).body).not.toContain('<form')
  })

  it('what another site sends is not shown to anybody', async () => {
    const foreign = { origin: 'http://elsewhere.example', 'sec-fetch-site': 'cross-site' }
    const { statusCode, body } = await alice.post('/posts', written, foreign)
    expect(statusCode).toBe(403)
    expect(body).not.toContain('poured')
  })
})

describe('when Redis is back', () => {
  it('the form that was given back makes one post', async () => {
    const press = async () => (await alice.post('/posts', written)).headers.location
    await expect.poll(press, { timeout: 10_000 }).toMatch(/^\/posts\//)
    await expect.poll(press, { timeout: 10_000 }).toMatch(/^\/posts\//)
    expect((await site.blog.posts.listOwn(site.alice.id)).posts).toMatchObject([
      { title: written.title, body: 'It rained.\n\n</form>It poured.' },
    ])
  })

  it('the same browser is still signed in, and the form that failed starts one job', async () => {
    const locations = new Set<unknown>()
    const press = async () => {
      const { statusCode, headers } = await alice.post('/jobs/demo', form)
      if (statusCode === 303) locations.add(headers.location)
      return statusCode
    }
    await expect.poll(press, { timeout: 10_000 }).toBe(303)
    await expect.poll(press, { timeout: 10_000 }).toBe(303)
    expect(alice.cookies).toEqual(cookies)
    expect(locations.size).toBe(1)
    expect(await site.jobs.list({ owner: site.alice.id })).toHaveLength(1)
  })
})

describe('a site that is started while Redis hangs', () => {
  it('can start jobs as soon as it is back', async () => {
    const slow = await openGate(redisUrl())
    const redis = new Redis({ ...slow.address, commandTimeout: 300, maxRetriesPerRequest: 1 })
    redis.on('error', () => {})
    await expect.poll(() => redis.status, { timeout: 10_000 }).toBe('ready')
    slow.hang()
    const definition = site.definitions.exportPosts
    const store = new RedisMessageStore({ redis, prefix: `${site.prefix}:slow` })
    const jobs = createJobs({ redis, store, definitions: [definition] })
    const start = () => jobs.enqueue(definition, { format: 'csv' }, { owner: 'x', idempotencyKey: 'slow' })
    await expect(start()).rejects.toThrow('Command timed out')
    await slow.open()
    const started = () => start().catch((error: unknown) => ({ id: String(error) }))
    await expect.poll(started, { timeout: 10_000 }).toEqual({ id: expect.stringMatching(/^[\w-]{22}$/) })
    await jobs.close()
    redis.disconnect()
    await slow.close()
  }, 30_000)
})

describe('what counts as trouble with Redis', () => {
  it('is what passes by itself, and nothing else', () => {
    const wrapped = new Error('The store failed', { cause: new Error('Command timed out') })
    for (const error of [
      new Error('Command timed out'),
      new Error('Connection is closed.'),
      Object.assign(new Error('x'), { code: 'ECONNREFUSED' }),
      Object.assign(new Error('LOADING Redis is loading the dataset in memory'), { name: 'ReplyError' }),
      Object.assign(new Error('NOAUTH Authentication required.'), { name: 'ReplyError' }),
      Object.assign(new Error('EXECABORT Transaction discarded because of previous errors.'), {
        name: 'ReplyError',
      }),
      new Error("Cluster isn't ready and enableOfflineQueue options is false"),
      new Error('Failed to refresh slots cache.'),
      new Error('Too many Cluster redirections. Last error: Error: Connection is closed.'),
      wrapped,
    ]) {
      expect(isRedisTrouble(error), error.message).toBe(true)
    }
    for (const error of [
      new Error('LOADING'),
      Object.assign(new Error('ERR wrong number of arguments'), { name: 'ReplyError' }),
      new TypeError('x'),
      'Command timed out',
      undefined,
    ]) {
      expect(isRedisTrouble(error), String(error)).toBe(false)
    }
  })
})
