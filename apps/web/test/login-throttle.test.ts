import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import type { User } from '@tidings/blog'
import { describe, expect, it } from 'vitest'
import { testRedis } from '../../../test/redis.ts'
import { type LoginAnswer, type LoginAttempt, LoginThrottle } from '../src/login-throttle.ts'
import { PASSWORD, testSite } from './client.ts'

const HOST = '127.0.0.1:3000'
const PER_MINUTE = 3
const ALICE = { id: 'a', username: 'alice' } as User
const { redis, prefix } = testRedis()
let next = 0
const throttleOf = (options: Partial<ConstructorParameters<typeof LoginThrottle>[0]> = {}) =>
  new LoginThrottle({ redis, prefix: `${prefix}:${next++}`, perMinute: PER_MINUTE, ...options })
const wrong = async () => undefined
const right = async () => ALICE

async function fail(throttle: LoginThrottle, times: number, attempt: LoginAttempt): Promise<LoginAnswer[]> {
  const answers: LoginAnswer[] = []
  for (let n = 0; n < times; n += 1) answers.push(await throttle.attempt(attempt, wrong))
  return answers
}
const outcomes = (answers: LoginAnswer[]) => answers.map(({ outcome }) => outcome)

describe('the throttle', () => {
  it('lets so many fail for an account from an address, and then nobody in from there for a while', async () => {
    const throttle = throttleOf()
    const here = { account: 'alice', address: '203.0.113.1' }
    expect(outcomes(await fail(throttle, PER_MINUTE + 1, here))).toEqual([
      'wrong',
      'wrong',
      'wrong',
      'throttled',
    ])
    const answer = await throttle.attempt({ ...here, account: 'ALICE' }, right)
    expect(answer).toEqual({ outcome: 'throttled', retryAfter: expect.any(Number) })
    expect((answer as { retryAfter: number }).retryAfter).toBeLessThanOrEqual(60)
  })

  it('lets the account in from elsewhere, and other accounts from there', async () => {
    const throttle = throttleOf()
    await fail(throttle, PER_MINUTE + 1, { account: 'alice', address: '203.0.113.1' })
    expect(await throttle.attempt({ account: 'alice', address: '203.0.113.2' }, right)).toEqual({
      outcome: 'right',
      user: ALICE,
    })
    expect(await throttle.attempt({ account: 'bob', address: '203.0.113.1' }, right)).toMatchObject({
      outcome: 'right',
    })
  })

  it('counts none that was right', async () => {
    const throttle = throttleOf()
    const here = { account: 'alice', address: '203.0.113.1' }
    for (let n = 0; n < 20; n += 1)
      expect(await throttle.attempt(here, right)).toMatchObject({ outcome: 'right' })
    expect(outcomes(await fail(throttle, 1, here))).toEqual(['wrong'])
  })

  it('stops an address that tries many accounts', async () => {
    const throttle = throttleOf()
    const answers: LoginAnswer[] = []
    for (let n = 0; n < PER_MINUTE * 5 + 1; n += 1)
      answers.push(...(await fail(throttle, 1, { account: `user-${n}`, address: `2001:db8::${n}` })))
    expect(
      outcomes(answers)
        .slice(0, -1)
        .every(outcome => outcome === 'wrong'),
    ).toBe(true)
    expect(outcomes(answers).at(-1)).toBe('throttled')
  })

  it('stops many addresses that try one account, but never its owner where they have logged in before', async () => {
    const throttle = throttleOf()
    const home = { account: 'alice', address: '203.0.113.200' }
    await throttle.attempt(home, right)
    for (let n = 0; n < PER_MINUTE * 10; n += 1)
      await fail(throttle, 1, { account: 'alice', address: `198.51.100.${n}` })
    expect(await throttle.attempt({ account: 'alice', address: '198.51.100.99' }, right)).toMatchObject({
      outcome: 'throttled',
    })
    expect(await throttle.attempt(home, right)).toMatchObject({ outcome: 'right' })
  })

  it('counts for all processes together', async () => {
    const other = redis.duplicate()
    const shared = `${prefix}:shared`
    const throttles = [throttleOf({ prefix: shared }), throttleOf({ prefix: shared, redis: other })]
    const here = { account: 'alice', address: '203.0.113.1' }
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, n) => throttles[n % 2]?.attempt(here, wrong)),
    )
    other.disconnect()
    const tried = answers.filter(answer => answer?.outcome === 'wrong').length
    // Two processes try two at a time: what has begun already isn't stopped any more.
    expect(tried).toBeGreaterThanOrEqual(PER_MINUTE)
    expect(tried).toBeLessThanOrEqual(PER_MINUTE + 3)
  })

  it('has two checks run at a time, a hundred wait, and says to the next that it is busy', async () => {
    const throttle = throttleOf()
    const finish: (() => void)[] = []
    const slow = () => new Promise<User>(resolve => finish.push(() => resolve(ALICE)))
    const attempts = Array.from({ length: 103 }, (_, n) =>
      throttle.attempt({ account: `user-${n}`, address: '203.0.113.1' }, slow),
    )
    expect(await Promise.race(attempts)).toEqual({ outcome: 'busy', retryAfter: 10 })
    for (let done = 0; done < 102; done += 1) {
      await expect.poll(() => finish.length, { timeout: 10_000 }).toBeGreaterThan(0)
      expect(finish.length).toBeLessThanOrEqual(2)
      finish.shift()?.()
    }
    expect(outcomes(await Promise.all(attempts)).filter(outcome => outcome === 'right')).toHaveLength(102)
  })

  it('checks nothing for somebody who has gone', async () => {
    let checked = false
    const check = async () => {
      checked = true
      return ALICE
    }
    const attempt = { account: 'alice', address: '203.0.113.1', isGone: () => true }
    expect(await throttleOf().attempt(attempt, check)).toMatchObject({ outcome: 'busy' })
    expect(checked).toBe(false)
  })

  it('lets nobody in when it can not count', async () => {
    const away = redis.duplicate({ maxRetriesPerRequest: 0 })
    away.disconnect()
    const attempt = throttleOf({ redis: away }).attempt({ account: 'alice', address: '203.0.113.1' }, right)
    await expect(attempt).rejects.toThrow()
  })
})

describe('the login page', async () => {
  const site = await testSite({ config: { LOGINS_PER_MINUTE: 2 } })

  it('says when to try again, and keeps the name and where to go', async () => {
    const browser = site.browser()
    const attempt = { username: 'alice', password: 'wrong password' }
    for (let n = 0; n < 2; n += 1)
      expect((await browser.submit('/login?next=/inbox', '/login', attempt)).statusCode).toBe(422)
    const response = await browser.submit('/login?next=/inbox', '/login', attempt)
    expect(response.statusCode).toBe(429)
    expect(Number(response.headers['retry-after'])).toBeGreaterThan(0)
    expect(response.body).toContain('There were too many attempts. Please try again in')
    expect(response.body).toContain('value="alice"')
    expect(response.body).toContain('name="next" value="/inbox"')
    expect(response.body).not.toContain('wrong password')
    // The right password makes no difference, or else it could be found by trying.
    expect((await browser.logIn('alice')).statusCode).toBe(429)
    expect((await site.browser().logIn('bob')).statusCode).toBe(303)
    expect(site.lines.filter(line => line.event === 'login throttled')).toHaveLength(2)
  })

  it('is the same for a name that nobody has', async () => {
    const attempt = { username: 'nobody', password: 'wrong password' }
    const statuses: number[] = []
    for (let n = 0; n < 3; n += 1)
      statuses.push((await site.browser().submit('/login', '/login', attempt)).statusCode)
    expect(statuses).toEqual([422, 422, 429])
  })

  it('limits no page views', async () => {
    const browser = site.browser()
    for (let n = 0; n < 30; n += 1) expect((await browser.get('/login')).statusCode).toBe(200)
  })
})

it('forty logins at once all get in, and other requests are answered between them', async () => {
  const site = await testSite({ passwordCost: 2 ** 15, config: { PUBLIC_URL: `http://${HOST}` } })
  const forms = await Promise.all(
    Array.from({ length: 40 }, async () => {
      const browser = site.browser()
      return { browser, fields: await browser.form('/login', '/login') }
    }),
  )
  // By real requests: injected ones leave the process no time for what it waits for.
  const address = await site.app.listen({ port: 0, host: '127.0.0.1' })
  let done = 0
  const logins = forms.map(async ({ browser, fields }) => {
    const body = new URLSearchParams({ ...fields, username: 'alice', password: PASSWORD }).toString()
    const [[name = '', value = ''] = []] = browser.cookies
    const headers = {
      host: HOST,
      cookie: `${name}=${value}`,
      'content-type': 'application/x-www-form-urlencoded',
      'content-length': Buffer.byteLength(body),
    }
    const asked = request(`${address}/login`, { method: 'POST', headers, agent: false })
    asked.end(body)
    const [response] = (await once(asked, 'response')) as [IncomingMessage]
    response.resume()
    done += 1
    return response.statusCode
  })
  const answeredAt = new Set<number>()
  while (done < 40) {
    expect((await fetch(`${address}/healthz`)).status).toBe(200)
    answeredAt.add(done)
  }
  expect(await Promise.all(logins)).toEqual(Array.from({ length: 40 }, () => 303))
  expect(answeredAt.size).toBeGreaterThan(5)
}, 60_000)
