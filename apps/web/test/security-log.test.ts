import { expect, it } from 'vitest'
import { PASSWORD, testSite } from './client.ts'

const site = await testSite({ config: { LOGINS_PER_MINUTE: 1 } })
const events = () =>
  site.lines.flatMap(({ event, user, ip, reqId, time }) => (event ? [{ event, user, ip, reqId, time }] : []))

it('says of everything that touches security who did it, from where, when, and in which request', async () => {
  const { browser, id } = await site.user('carol')
  await browser.submit('/account', '/account/sessions/end')
  const wanted = { newPassword: 'three quiet words', newPasswordAgain: 'three quiet words' }
  await browser.submit('/account', '/account/password', { currentPassword: PASSWORD, ...wanted })
  await browser.get('/jobs/0123456789012345678901')
  await browser.get('/nothing')
  await browser.post('/jobs/demo', { label: 'x' })
  await browser.logOut()
  const visitor = site.browser()
  const attempt = { username: 'carol', password: 'wrong password' }
  await visitor.submit('/login', '/login', attempt)
  await visitor.submit('/login', '/login', attempt)
  await visitor.post('/login', {}, { origin: 'https://evil.example' })

  const [mine, none] = [{ user: id }, { user: undefined }]
  expect(events()).toMatchObject([
    { event: 'login', ...mine },
    { event: 'sessions ended', ...mine },
    { event: 'password changed', ...mine },
    { event: 'access denied', ...mine },
    { event: 'form refused', ...mine },
    { event: 'logout', ...mine },
    { event: 'login failed', ...none },
    { event: 'login throttled', ...none },
    { event: 'form refused', ...none },
  ])
  for (const { ip, reqId, time } of events()) {
    expect(ip).toBe('127.0.0.1')
    expect(site.lines.filter(line => line.reqId === reqId && line.msg === 'request')).toHaveLength(1)
    expect(time).toBeTypeOf('number')
  }
  expect(JSON.stringify(site.lines)).not.toMatch(/three quiet|wrong password|correct horse/)
})
