import { PassThrough } from 'node:stream'
import { describe, expect, it, vi } from 'vitest'
import { type Browser, messagesOn, PASSWORD, testSite } from './client.ts'
import { newStaff } from './staff.ts'

const site = await testSite()

/** Sends a form but for its last byte. @returns what sends that as well, a while later, and gives the answer */
async function arriving(browser: Browser, url: string, fields: Record<string, string>) {
  const { users } = site.blog
  const find = users.find.bind(users)
  const body = new PassThrough()
  const text = new URLSearchParams(fields).toString()
  const isKnown = new Promise<void>(resolve => {
    users.find = async id => {
      users.find = find
      resolve()
      return find(id)
    }
  })
  const headers = { 'content-type': 'application/x-www-form-urlencoded', origin: 'http://127.0.0.1:3000' }
  const answer = browser.send({ method: 'POST', url, payload: body, headers })
  body.write(text.slice(0, -1))
  await isKnown
  const since = performance.now()
  return async () => {
    // What comes within a tenth of a second belongs to the moment in which its request began.
    await vi.waitFor(() => expect(performance.now() - since).toBeGreaterThan(300))
    body.end(text.slice(-1))
    return answer
  }
}

async function sessionKeys(): Promise<string[]> {
  return site.redis.keys(`${site.prefix}:session:*`)
}

describe('a visitor', () => {
  it('gets neither a session nor a cookie from pages without a form', async () => {
    const before = await sessionKeys()
    for (const url of ['/', '/nothing', '/assets/style.css', '/healthz', '/readyz', '/jobs', '/posts/x']) {
      const response = await site.browser().get(url)
      expect(response.headers['set-cookie'], url).toBeUndefined()
    }
    expect(await sessionKeys()).toEqual(before)
  })

  it('gets a session that ends by itself where a form needs one', async () => {
    const before = await sessionKeys()
    await site.browser().get('/login')
    const [key = ''] = (await sessionKeys()).filter(each => !before.includes(each))
    const ends = await site.redis.pttl(key)
    expect(ends).toBeGreaterThan(0)
    expect(ends).toBeLessThanOrEqual(60 * 60_000)
  })

  it('is led from a page for users to the login, and from there to that page', async () => {
    const browser = site.browser()
    const asked = await browser.get('/jobs?x=1')
    expect(asked.statusCode).toBe(303)
    expect(asked.headers.location).toBe('/login?next=%2Fjobs%3Fx%3D1')
    const response = await browser.logIn('alice', '/jobs?x=1')
    expect(response.statusCode).toBe(303)
    expect(response.headers.location).toBe('/jobs?x=1')
    expect((await browser.get('/')).body).toContain('alice')
  })

  it('whose form comes after the session ended is led back to the page it stands on', async () => {
    const headers = { referer: 'http://127.0.0.1:3000/jobs?x=1' }
    const response = await site.browser().post('/jobs/demo', {}, headers)
    expect(response.headers.location).toBe('/login?next=%2Fjobs%3Fx%3D1')
    const foreign = await site.browser().post('/jobs/demo', {}, { referer: 'https://evil.example/jobs' })
    expect(foreign.headers.location).toBe('/login')
  })
})

describe('the login', () => {
  it('sends the cookie to this site only, and hides it from scripts', async () => {
    const response = await site.browser().get('/login')
    expect(response.headers['set-cookie']).toMatch(/^tidings=[^;]+; Path=\/; HttpOnly; SameSite=Lax$/)
  })

  it('gives ids of 192 bits that nobody can guess, under a signature', async () => {
    const ids = new Set<string>()
    for (let n = 0; n < 100; n += 1) {
      const browser = site.browser()
      await browser.get('/login')
      const [id = '', signature = ''] = decodeURIComponent(browser.cookies.get('tidings') ?? '').split('.')
      expect(Buffer.from(id, 'base64url').length).toBeGreaterThanOrEqual(24)
      expect(Buffer.from(signature, 'base64').length).toBe(32)
      ids.add(id)
    }
    expect(ids.size).toBe(100)
  })

  it('answers an unknown name as it answers a wrong password, and keeps the name', async () => {
    const pages: string[] = []
    for (const username of ['bob', 'nobody']) {
      const browser = site.browser()
      const response = await browser.submit('/login?next=/jobs', '/login', {
        username,
        password: 'wrong password',
      })
      expect(response.statusCode).toBe(422)
      expect(response.body).toContain(`value="${username}"`)
      expect(response.body).toContain('name="next" value="/jobs"')
      expect(response.body).not.toContain('wrong password')
      expect(response.body).toContain('<title>Error: Log in')
      expect(response.body).toMatch(/<form[^>]+aria-describedby="problem"/)
      pages.push(response.body.replace(`value="${username}"`, '').replace(/name="_csrf" value="[^"]*"/, ''))
    }
    expect(pages[0]).toBe(pages[1])
  })

  it('gives the session a new id, and ends the one from before', async () => {
    const browser = site.browser()
    await browser.get('/login')
    const before = browser.cookies.get('tidings')
    await browser.logIn('alice')
    expect(browser.cookies.get('tidings')).not.toBe(before)
    const thief = site.browser()
    thief.cookies.set('tidings', before ?? '')
    expect((await thief.get('/jobs')).statusCode).toBe(303)
  })

  it('takes over no session that somebody else has planted', async () => {
    const browser = site.browser()
    for (const planted of ['x', 'a.b', '%00', 'x'.repeat(6000), 'toString']) {
      browser.cookies.set('tidings', planted)
      const response = await browser.get('/login')
      expect(response.statusCode).toBe(200)
      expect(browser.cookies.get('tidings')).not.toBe(planted)
    }
  })

  it('shows nobody what was told to somebody else on the same browser', async () => {
    const browser = site.browser()
    await browser.logIn('alice')
    await browser.get('/add_messages/')
    const { _csrf = '' } = await browser.form('/inbox', '/logout')
    await browser.post('/login', { _csrf, username: 'bob', password: PASSWORD })
    const page = (await browser.get('/')).body
    expect(page).toContain('>bob<')
    expect(messagesOn(page)).toEqual([])
  })

  it('sends on who is logged in already', async () => {
    const browser = site.browser()
    await browser.logIn('alice')
    const response = await browser.get('/login?next=/inbox')
    expect([response.statusCode, response.headers.location]).toEqual([303, '/inbox'])
  })

  it('goes on to our own pages only', async () => {
    for (const next of ['//evil.example', 'https://evil.example/', '/\\evil.example', '/..//evil.example']) {
      expect((await site.browser().logIn('alice', next)).headers.location, next).toBe('/')
    }
  })

  it('never writes the password into the log', async () => {
    await site.browser().submit('/login', '/login', { username: 'alice', password: 'my-other-secret' })
    await site.browser().logIn('alice')
    expect(JSON.stringify(site.lines)).not.toContain('my-other-secret')
    expect(JSON.stringify(site.lines)).not.toContain(PASSWORD)
  })
})

describe('the logout', () => {
  it('ends the session here and in the browser, and says nothing afterwards', async () => {
    const browser = site.browser()
    await browser.logIn('alice')
    const before = browser.cookies.get('tidings') ?? ''
    const response = await browser.logOut()
    expect([response.statusCode, response.headers.location]).toEqual([303, '/'])
    expect(browser.cookies.size).toBe(0)
    expect(response.headers['clear-site-data']).toBe('"cache", "storage"')
    const page = await browser.get('/')
    expect(page.body).toContain('Log in')
    expect(messagesOn(page.body)).toEqual([])
    browser.cookies.set('tidings', before)
    expect((await browser.get('/jobs')).statusCode).toBe(303)
  })

  it('is final: a request that began before does not bring the session back', async () => {
    const browser = site.browser()
    await browser.logIn('alice')
    const kept = new Map(browser.cookies)
    const slow = site.browser()
    for (const [name, value] of kept) slow.cookies.set(name, value)
    // The slow request has read its session and is about to change it when the logout comes.
    const { users } = site.blog
    const find = users.find.bind(users)
    users.find = async id => {
      users.find = find
      await browser.logOut()
      return find(id)
    }
    expect((await slow.get('/add_messages/')).statusCode).toBe(200)
    const after = site.browser()
    for (const [name, value] of kept) after.cookies.set(name, value)
    expect((await after.get('/inbox')).statusCode).toBe(303)
  })

  it.each<[string, (browser: Browser, id: string) => Promise<unknown>]>([
    ['their logout', browser => browser.logOut()],
    ['a logout everywhere else', (_, id) => site.blog.users.endSessions(id)],
    ['the end of their account', (_, id) => site.blog.users.disable(id)],
  ])('is final: a form that is still arriving does nothing after %s', async (title, end) => {
    const { browser, id } = await site.user(`writer-${title.replaceAll(' ', '-')}`)
    const form = await browser.form('/posts/new', '/posts')
    const send = await arriving(browser, '/posts', {
      ...form,
      title: 'Late',
      body: 'x',
      tags: '',
      when: 'now',
    })
    await end(browser, id)
    const { statusCode, headers } = await send()
    expect([statusCode, headers.location?.toString().startsWith('/login')]).toEqual([303, true])
    expect((await site.blog.posts.listOwn(id)).posts).toEqual([])
  })

  it('is no concern of a form that merely takes its time', async () => {
    const { browser, id } = await site.user('slow-writer')
    const form = await browser.form('/posts/new', '/posts')
    const send = await arriving(browser, '/posts', {
      ...form,
      title: 'Late',
      body: 'x',
      tags: '',
      when: 'now',
    })
    expect((await send()).headers.location).toMatch(/^\/posts\//)
    expect((await site.blog.posts.listOwn(id)).posts).toHaveLength(1)
  })

  it('of a right counts for a form that is still arriving', async () => {
    const { browser, id } = await newStaff(site)
    const form = await browser.form('/admin/messages', '/admin/messages/preview')
    const fields = { ...form, to: 'people', names: 'alice', level: 'info', text: 'From former staff.' }
    const send = await arriving(browser, '/admin/messages', fields)
    await site.blog.users.setRole(id, 'member')
    expect((await send()).statusCode).toBe(404)
    expect(JSON.stringify(await site.store.inbox(site.alice.id))).not.toContain('former staff')
  })

  it('is a form: opening its address does nothing', async () => {
    const browser = site.browser()
    await browser.logIn('alice')
    expect((await browser.get('/logout')).statusCode).toBe(404)
    expect((await browser.get('/jobs')).statusCode).toBe(200)
  })
})

describe('a session', () => {
  it('of an account that is gone is nobody', async () => {
    const browser = site.browser()
    const carol = await site.blog.users.create({ username: 'carol', password: PASSWORD })
    await browser.logIn('carol')
    await site.redis.del(`${site.prefix}:blog:user:${carol.id}`)
    expect((await browser.get('/jobs')).statusCode).toBe(303)
  })

  it('keeps pages out of every cache', async () => {
    const browser = site.browser()
    await browser.logIn('alice')
    for (const url of ['/', '/jobs', '/inbox', '/nothing', '/jobs/x', '/files/x']) {
      expect((await browser.get(url)).headers['cache-control'], url).toBe('private, no-store')
    }
  })
})

describe('a site that is reached by https', () => {
  it('names and marks its cookie so that nothing but https on this host sees it', async () => {
    const https = await testSite({ config: { PUBLIC_URL: 'https://tidings.example', TRUST_PROXY: 1 } })
    const headers = { host: 'tidings.example', 'x-forwarded-proto': 'https' }
    const response = await https.browser().get('/login', headers)
    expect(response.headers['set-cookie']).toMatch(
      /^__Host-tidings=[^;]+; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    )
    expect(response.headers['strict-transport-security']).toContain('max-age=31536000')
  })
})
