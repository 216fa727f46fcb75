import { expect, it } from 'vitest'
import { PASSWORD, testSite } from './client.ts'
import { newStaff } from './staff.ts'

const site = await testSite()
const ID = '00000000-0000-4000-8000-000000000000'

const PAGES = [
  '/admin',
  '/admin/messages',
  '/admin/jobs',
  '/admin/audit',
  '/admin/queues',
  '/admin/queues/',
  '/admin/queues/queue/jobs',
  '/admin/queues/api/queues?activeQueue=jobs&status=latest&page=1&jobsPerPage=10',
  '/admin/queues/static/images/logo.svg',
]
const ACTIONS = [
  '/admin/messages',
  '/admin/messages/preview',
  `/admin/messages/${ID}/send`,
  `/admin/messages/${ID}/withdraw`,
  '/admin/jobs/retry',
  '/admin/jobs/cancel',
]

it('is there for staff', async () => {
  const { browser } = await newStaff(site)
  for (const url of PAGES)
    expect((await browser.get(url)).statusCode, url).toBe(url === '/admin/queues' ? 303 : 200)
  expect((await browser.get('/')).body).toContain('href="/admin"')
})

it('leads visitors to the login, and from there back', async () => {
  for (const url of PAGES) {
    const { statusCode, headers } = await site.browser().get(url)
    expect([statusCode, headers.location], url).toEqual([303, `/login?next=${encodeURIComponent(url)}`])
  }
  for (const url of ACTIONS) expect((await site.browser().post(url, {})).statusCode, url).toBe(303)
})

it('is not there for a member, with or without a token, and no page names it', async () => {
  const { browser } = await site.user('member')
  const { _csrf = '' } = await browser.form('/jobs', '/jobs/demo')
  for (const url of [...PAGES, `/admin/messages/${ID}`, `/admin/jobs/${ID}`])
    expect((await browser.get(url)).statusCode, url).toBe(404)
  for (const url of ACTIONS) {
    expect((await browser.post(url, { _csrf })).statusCode, url).toBe(404)
    expect((await browser.post(url, {})).statusCode, url).toBe(404)
  }
  expect((await browser.get('/')).body).not.toContain('href="/admin"')
})

it('ends for whoever is staff no more, from the next request on', async () => {
  const { browser, id, username } = await newStaff(site)
  const form = await browser.form('/admin/messages', '/admin/messages/preview')
  await site.blog.users.setRole(id, 'member')
  for (const url of PAGES) expect((await browser.get(url)).statusCode, url).toBe(404)
  const typed = { ...form, to: 'people', names: 'alice', level: 'info', text: 'Still here.' }
  expect((await browser.post('/admin/messages', typed)).statusCode).toBe(404)
  expect(await site.store.inbox(site.alice.id)).toEqual([])
  await site.blog.users.setRole(id, 'staff')
  expect((await browser.get('/admin')).statusCode).toBe(200)
  await site.blog.users.disable(id)
  expect((await browser.get('/admin')).statusCode).toBe(303)
  expect(await site.blog.users.authenticate(username, PASSWORD)).toBeUndefined()
})

it('changes nothing without the token of its form', async () => {
  const { browser } = await newStaff(site)
  for (const url of ACTIONS) expect((await browser.post(url, {})).statusCode, url).toBe(403)
})

it('tells of a failure by a reference alone', async () => {
  const { browser } = await newStaff(site)
  const { jobs } = site
  const stats = jobs.stats
  jobs.stats = async () => {
    throw new Error('redis://user:secret@db')
  }
  const { statusCode, body } = await browser.get('/admin')
  jobs.stats = stats
  expect(statusCode).toBe(500)
  expect(body).not.toContain('secret')
  expect(body).toContain('Reference')
})
