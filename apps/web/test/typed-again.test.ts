import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { TypedForms } from '../src/typed-forms.ts'
import { type Browser, hiddenFields, multipart, PASSWORD, testSite } from './client.ts'
import { newStaff } from './staff.ts'

const site = await testSite()
const TEXT = '"It rained",\r\n</textarea><b>then it cleared & \u{1F388}.'
const SHOWN = '&quot;It rained&quot;,\r\n&lt;/textarea&gt;&lt;b&gt;then it cleared &amp; \u{1F388}.'
const AGAIN = 'so nothing was done yet. What you typed is here again'

/** Ends all sessions of the user, as another password does. */
async function endSessions(id: string) {
  await site.blog.users.endSessions(id)
}

/** Logs in by the page to which a form led, and goes to where that leads. */
async function logIn(browser: Browser, page: string, username: string) {
  const login = (await browser.get(page)).body
  const answer = await browser.post('/login', {
    ...hiddenFields(login, '/login'),
    username,
    password: PASSWORD,
  })
  expect(answer.statusCode).toBe(303)
  return { login, path: String(answer.headers.location) }
}

describe('a form that is sent when its session is over', () => {
  it('of a post is kept over the login, and is sent by pressing once more', async () => {
    const { browser, id } = await site.user('writer')
    const fields: Record<string, string> = {
      ...(await browser.form('/posts/new', '/posts')),
      title: 'A <walk>',
      body: TEXT,
      tags: 'a',
      when: 'draft',
    }
    await endSessions(id)
    const refused = await browser.post('/posts', fields)
    expect(refused.statusCode).toBe(303)
    const { login, path } = await logIn(browser, String(refused.headers.location), 'writer')
    expect(login).toContain('What you typed is kept for 15 minutes')
    expect(login).not.toContain('It rained')
    expect(path).toMatch(/^\/posts\/new\?typed=[\w-]{22}\.[\w-]{22}$/)
    const page = await browser.get(path)
    expect(page.statusCode).toBe(200)
    expect(page.body).toContain(AGAIN)
    expect(page.body).toContain(`>\n${SHOWN}</textarea>`)
    expect(page.body).toContain('value="A &lt;walk&gt;"')
    expect(page.body).toMatch(/value="draft" checked/)
    expect((await site.blog.posts.listOwn(id)).total, 'nothing is carried out').toBe(0)
    const again = hiddenFields(page.body, '/posts')
    expect(again).toMatchObject({ idempotencyKey: fields.idempotencyKey })
    expect(again._csrf).not.toBe(fields._csrf)
    const { body = '', title = '', tags = '', when = '' } = fields
    expect((await browser.post('/posts', { ...again, body, title, tags, when })).statusCode).toBe(303)
    expect((await site.blog.posts.listOwn(id)).posts).toMatchObject([{ title: 'A <walk>' }])
  })

  it('of an edit leads back to that post, with what was typed', async () => {
    const { browser, id } = await site.user('editor')
    const made = await browser.submit('/posts/new', '/posts', { title: 'First', body: 'x', when: 'now' })
    const path = String(made.headers.location)
    const fields = { ...(await browser.form(`${path}/edit`, path)), title: 'Second', body: TEXT }
    await endSessions(id)
    const refused = await browser.post(path, fields)
    const back = await logIn(browser, String(refused.headers.location), 'editor')
    expect(back.path).toMatch(`${path}/edit?typed=`)
    expect((await browser.get(back.path)).body).toContain(SHOWN)
    expect((await browser.get(`${path}/edit`)).body).not.toContain('It rained')
  })

  it('of a job, with what was chosen, and its key', async () => {
    const { browser, id } = await site.user('starter')
    const form = await browser.form('/jobs', '/jobs/demo')
    await endSessions(id)
    const refused = await browser.post('/jobs/demo', {
      ...form,
      label: '<i>"mine"',
      outcome: 'flaky',
      seconds: '7',
    })
    const { path } = await logIn(browser, String(refused.headers.location), 'starter')
    const { body } = await browser.get(path)
    expect(body).toContain(AGAIN)
    expect(body).toContain('value="&lt;i&gt;&quot;mine&quot;"')
    expect(body).toContain('<option value="flaky" selected="selected">')
    expect(hiddenFields(body, '/jobs/demo').idempotencyKey).toBe(form.idempotencyKey)
    expect(await site.jobs.list({ owner: id })).toEqual([])
  })

  it('with a file says that the file has to be chosen again', async () => {
    const { browser, id } = await site.user('uploader')
    const form = await browser.form('/jobs', '/jobs/import-posts')
    await endSessions(id)
    const { payload, headers } = multipart(form, { name: 'a.csv', content: Buffer.alloc(100_000, 'x') })
    const send = { headers: { ...headers, origin: 'http://127.0.0.1:3000' }, payload }
    const refused = await browser.send({ method: 'POST', url: '/jobs/import-posts', ...send })
    const { login, path } = await logIn(browser, String(refused.headers.location), 'uploader')
    expect(login).toContain('A file can’t be kept.')
    expect((await browser.get(path)).body).toContain('Only the file could not be kept: choose it again.')
  })

  it.each(['/admin/messages/preview', '/admin/messages'])(
    'of a message from staff, sent to %s',
    async action => {
      const { browser, id, username } = await newStaff(site)
      const form = await browser.form('/admin/messages', '/admin/messages/preview')
      const typed = { to: 'everyone', level: 'warning', text: TEXT, word: 'everyone', password: PASSWORD }
      await endSessions(id)
      const refused = await browser.post(action, { ...form, ...typed })
      const { path } = await logIn(browser, String(refused.headers.location), username)
      const { statusCode, body } = await browser.get(path)
      expect(statusCode).toBe(200)
      expect(body).toContain(AGAIN)
      expect(body).toContain(SHOWN)
      expect(body).toMatch(/value="everyone" checked/)
      expect(hiddenFields(body, '/admin/messages/preview').id).toBe(form.id)
      for (const key of await site.redis.keys(`${site.prefix}:typed:*`))
        expect((await site.redis.lrange(key, 0, -1)).join()).not.toContain(PASSWORD)
    },
  )

  it('is kept as well where its user has logged in anew in another tab', async () => {
    const { browser, id } = await site.user('tabs')
    const old: Record<string, string> = {
      ...(await browser.form('/posts/new', '/posts')),
      title: 'Kept',
      body: TEXT,
      when: 'now',
    }
    await browser.logOut()
    await browser.logIn('tabs')
    const refused = await browser.post('/posts', old)
    expect(refused.statusCode).toBe(303)
    const { body } = await browser.get(String(refused.headers.location))
    expect(body).toContain(SHOWN)
    expect((await site.blog.posts.listOwn(id)).total).toBe(0)
    expect((await browser.post('/logout', { _csrf: 'x', _for: old._for ?? '' })).statusCode).toBe(403)
  })

  it('is shown to nobody else who logs in there', async () => {
    const { browser, id } = await site.user('first')
    const other = await site.user('second')
    const fields: Record<string, string> = {
      ...(await browser.form('/posts/new', '/posts')),
      title: 'Secret',
      body: TEXT,
      when: 'now',
    }
    await endSessions(id)
    const refused = await browser.post('/posts', fields)
    const { login, path } = await logIn(browser, String(refused.headers.location), 'second')
    expect(login).not.toContain('Secret')
    expect(path).toContain('typed=')
    const page = await browser.get(path)
    expect(page.statusCode).toBe(200)
    expect(page.body).not.toContain('Secret')
    expect(page.body).not.toContain(AGAIN)
    const stale = await browser.post('/posts', fields)
    expect(stale.statusCode).toBe(403)
    expect(stale.body).not.toContain('Secret')
    expect(stale.headers.location).toBeUndefined()
    expect((await other.browser.get(path)).body).not.toContain('Secret')
  })

  it('keeps nothing of a form that no page of ours sends, or another site does', async () => {
    const { browser, id } = await site.user('strange')
    const mark = (await browser.form('/posts/new', '/posts'))._for ?? ''
    expect(mark).toMatch(/^[\w-]{44}$/)
    const visitor = site.browser()
    const before = await site.redis.keys(`${site.prefix}:typed:*`)
    for (const _for of [
      '',
      'x',
      randomBytes(33).toString('base64url'),
      `${mark.slice(0, 43)}${mark.endsWith('A') ? 'B' : 'A'}`,
    ])
      expect((await visitor.post('/posts', { _for, body: TEXT })).headers.location).toBe('/login')
    expect((await visitor.post('/logout', { _for: mark })).headers.location).toBe('/')
    expect((await visitor.post('/account/password', { _for: mark })).headers.location).toBe('/login')
    const foreign = { origin: 'http://elsewhere.example', 'sec-fetch-site': 'cross-site' }
    expect((await visitor.post('/posts', { _for: mark }, foreign)).statusCode).toBe(403)
    const long = { _for: mark, body: 'x'.repeat(600_000) }
    expect((await visitor.post('/posts', long)).headers.location).toBe('/login')
    expect(await site.redis.keys(`${site.prefix}:typed:*`)).toEqual(before)
    for (const typed of ['x', 'a.b', `${mark.slice(0, 22)}.${'x'.repeat(22)}`, '__proto__'])
      expect((await browser.get(`/posts/new?typed=${typed}`)).body, typed).not.toContain(AGAIN)
    expect(id).toBeTruthy()
  })

  it('is kept for 15 minutes, and five of a user', async () => {
    const forms = new TypedForms({ redis: site.redis, prefix: site.prefix, secret: 'x'.repeat(32) })
    const mark = forms.markOf('somebody')
    const tokens: string[] = []
    for (let n = 0; n < 6; n += 1)
      tokens.push(String(await forms.keep(mark, { action: `/a${n}`, texts: { a: 'b' }, hasFile: false })))
    expect(await forms.find(tokens[0], 'somebody')).toBeUndefined()
    expect(await forms.find(tokens[1], 'somebody')).toMatchObject({ action: '/a1', texts: { a: 'b' } })
    expect(await forms.find(tokens[5], 'another')).toBeUndefined()
    expect(await forms.look(tokens[5])).toEqual({ hasFile: false })
    const key = `${site.prefix}:typed:${mark.slice(0, 22)}`
    const ttl = await site.redis.pttl(key)
    expect(ttl).toBeGreaterThan(14 * 60_000)
    expect(ttl).toBeLessThanOrEqual(15 * 60_000)
    const old = JSON.parse((await site.redis.lindex(key, 0)) ?? '')
    await site.redis.lset(key, 0, JSON.stringify({ ...old, at: old.at - 15 * 60_000 }))
    expect(await forms.find(tokens[5], 'somebody')).toBeUndefined()
  })
})

describe('a login form that is older than its session', () => {
  it('comes back with the name and a plain sentence, and works on the second press', async () => {
    const browser = site.browser()
    const form = hiddenFields((await browser.get('/login?next=/inbox')).body, '/login')
    browser.cookies.clear() // as when it has expired
    const refused = await browser.post('/login', { ...form, username: 'alice', password: PASSWORD })
    expect(refused.statusCode).toBe(403)
    expect(refused.body).toContain(
      'This form had been open for too long. Please type your password once more.',
    )
    expect(refused.body).toMatch(/name="username" value="alice"/)
    expect(refused.body).not.toContain(PASSWORD)
    const again = { ...hiddenFields(refused.body, '/login'), username: 'alice', password: PASSWORD }
    const answer = await browser.post('/login', again)
    expect([answer.statusCode, answer.headers.location]).toEqual([303, '/inbox'])
    expect(site.lines.filter(({ event }) => event === 'form refused').length).toBeGreaterThan(0)
  })
})
