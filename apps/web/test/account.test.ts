import { describe, expect, it } from 'vitest'
import { type Browser, messagesOn, PASSWORD, testSite } from './client.ts'

const BETTER = 'three quiet words'
const site = await testSite()

/** Two browsers in which somebody new is logged in. */
async function twoBrowsers(username: string): Promise<{ here: Browser; there: Browser; id: string }> {
  const { browser: here, id } = await site.user(username)
  const there = site.browser()
  await there.logIn(username)
  return { here, there, id }
}

const change = (browser: Browser, fields: Partial<Record<string, string>> = {}) =>
  browser.submit('/account', '/account/password', {
    currentPassword: PASSWORD,
    newPassword: BETTER,
    newPasswordAgain: BETTER,
    ...(fields as Record<string, string>),
  })
const isIn = async (browser: Browser) => (await browser.get('/inbox')).statusCode === 200

describe('the account page', () => {
  it('is for who is logged in, and every page leads to it', async () => {
    expect((await site.browser().get('/account')).headers.location).toBe('/login?next=%2Faccount')
    const { browser } = await site.user('carol')
    expect((await browser.get('/')).body).toContain('href="/account"')
    const { body } = await browser.get('/account')
    expect(body).toContain('<bdi>carol</bdi>')
    expect(body).toContain('autocomplete="new-password"')
  })
})

describe('another password', () => {
  it('ends the other sessions at their next request, and gives this one a new id', async () => {
    const { here, there } = await twoBrowsers('dave')
    const before = here.cookies.get('tidings') ?? ''
    const response = await change(here)
    expect([response.statusCode, response.headers.location]).toEqual([303, '/account'])
    expect(here.cookies.get('tidings')).not.toBe(before)
    expect(messagesOn((await here.get('/account')).body)).toEqual([
      'success: Your password was changed. Everywhere else you are logged out.',
    ])
    expect(await isIn(here)).toBe(true)
    expect(await isIn(there)).toBe(false)
    expect(there.cookies.size).toBe(0)
    const thief = site.browser()
    thief.cookies.set('tidings', before)
    expect(await isIn(thief)).toBe(false)
    expect((await there.logIn('dave')).statusCode).toBe(422)
    expect((await there.submit('/login', '/login', { username: 'dave', password: BETTER })).statusCode).toBe(
      303,
    )
  })

  let number = 0
  it.each<[Partial<Record<'currentPassword' | 'newPassword' | 'newPasswordAgain', string>>, string]>([
    [{ currentPassword: 'wrong password' }, 'This is not your password.'],
    [{ newPassword: 'short' }, 'Choose a password of at least 8 characters.'],
    [{ newPassword: 'x'.repeat(1001) }, 'Choose a password of at most 1000 characters.'],
    [{ newPassword: 'Password123' }, 'one of the first passwords'],
    [{ newPassword: 'The-Erin-5' }, 'one of the first passwords'],
    [{ newPasswordAgain: 'three quiet wrods' }, 'The new password was typed in two ways.'],
  ])('is refused with %j', async (fields, problem) => {
    number += 1
    const name = `the-erin-${number}`
    const { browser } = await site.user(name)
    const { newPassword = BETTER } = fields
    const response = await change(browser, { newPasswordAgain: newPassword, ...fields })
    expect(response.statusCode).toBe(422)
    expect(response.body).toContain(problem)
    expect(response.body).toContain('<title>Error: Your account')
    expect(response.body).not.toContain(BETTER)
    expect(response.body).not.toContain('wrong password')
    expect(await site.blog.users.authenticate(name, PASSWORD)).toBeDefined()
    expect(await isIn(browser)).toBe(true)
  })

  it('may have any characters', async () => {
    const { browser } = await site.user('frank')
    const newPassword = '  𝒑𝒂𝒔𝒔 <b>"pässwörd"</b> \u202e 🙂  '
    expect((await change(browser, { newPassword, newPasswordAgain: newPassword })).statusCode).toBe(303)
    expect(await site.blog.users.authenticate('frank', newPassword)).toBeDefined()
  })

  it('can be guessed no faster here than at the login', async () => {
    const { browser } = await site.user('grace')
    for (let n = 0; n < 10; n += 1)
      expect((await change(browser, { currentPassword: 'wrong password' })).statusCode).toBe(422)
    const response = await change(browser)
    expect(response.statusCode).toBe(429)
    expect(Number(response.headers['retry-after'])).toBeGreaterThan(0)
    expect(response.body).toContain('Nothing was changed.')
    expect((await site.browser().logIn('grace')).statusCode).toBe(429)
  })

  it('never stands in the log', () => {
    expect(JSON.stringify(site.lines)).not.toContain(BETTER)
    expect(JSON.stringify(site.lines)).not.toContain(PASSWORD)
  })
})

describe('logging out everywhere else', () => {
  it('ends the other sessions and keeps this one, under a new id', async () => {
    const { here, there } = await twoBrowsers('heidi')
    const before = here.cookies.get('tidings')
    const response = await here.submit('/account', '/account/sessions/end')
    expect([response.statusCode, response.headers.location]).toEqual([303, '/account'])
    expect(here.cookies.get('tidings')).not.toBe(before)
    expect(messagesOn((await here.get('/')).body)).toEqual(['success: You are logged out everywhere else.'])
    expect(await isIn(there)).toBe(false)
  })
})

describe('a session', () => {
  it.each([
    ['disabled', (id: string) => site.blog.users.disable(id)],
    ['deleted', (id: string) => site.blog.users.delete(id)],
  ])('of an account that was %s ends at its next request, and is gone from Redis', async (how, end) => {
    const { browser, id } = await site.user(`ivan-${how}`)
    await end(id)
    expect(await isIn(browser)).toBe(false)
    expect((await site.browser().logIn(`ivan-${how}`)).statusCode).toBe(422)
    const keys = await site.redis.keys(`${site.prefix}:session:*`)
    const kept = keys.length === 0 ? [] : await site.redis.mget(keys)
    expect(kept.join()).not.toContain(id)
  })

  it('whose user may more than before gets a new id, and goes on', async () => {
    const { browser, id } = await site.user('judy')
    const form = await browser.form('/', '/logout')
    const before = browser.cookies.get('tidings') ?? ''
    await site.blog.users.setRole(id, 'staff')
    expect((await browser.get('/account')).body).toContain('a member of staff')
    const after = browser.cookies.get('tidings')
    expect(after).not.toBe(before)
    const thief = site.browser()
    thief.cookies.set('tidings', before)
    expect(await isIn(thief)).toBe(false)
    // It is the same session all the same: it ends when it would have, and its forms are good.
    expect((await browser.get('/account')).statusCode).toBe(200)
    expect(browser.cookies.get('tidings')).toBe(after)
    expect((await browser.post('/logout', form)).statusCode).toBe(303)
  })

  it('that begins with a password which is changed at the same moment counts no more', async () => {
    const { id } = await site.user('ken')
    const { users } = site.blog
    const authenticate = users.authenticate.bind(users)
    users.authenticate = async (name, password) => {
      users.authenticate = authenticate
      const user = await authenticate(name, password)
      await users.setPassword(id, BETTER)
      return user
    }
    const browser = site.browser()
    expect((await browser.logIn('ken')).statusCode).toBe(303)
    expect(await isIn(browser)).toBe(false)
  })
})
