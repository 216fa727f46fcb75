import { expect, it } from 'vitest'
import { testSite } from './client.ts'
import { newStaff } from './staff.ts'

const site = await testSite()
const staff = await newStaff(site)
const { demo } = site.definitions
if (!demo) throw new Error('the demo job is not there')
const { id } = await site.jobs.enqueue(
  demo,
  { label: '<script>alert(1)</script>', outcome: 'succeed', seconds: 0 },
  { owner: site.alice.id, delay: 60_000 },
)
const API = '/admin/queues/api/queues'

it('is one page, with scripts and styles of files alone, and a policy of its own', async () => {
  for (const url of ['/admin/queues/', '/admin/queues/queue/jobs', `/admin/queues/queue/jobs/${id}`]) {
    const { statusCode, headers, body } = await staff.browser.get(url)
    expect(statusCode, url).toBe(200)
    expect(headers['content-security-policy']).toContain("script-src 'self';")
    expect(headers['content-security-policy']).toContain("default-src 'none'")
    expect(headers['cache-control']).toContain('no-store')
    expect(body).not.toMatch(/<style|style="|https:\/\/|<script>/)
    const files = [...body.matchAll(/(?:href|src)="(static\/[^"]*)"/g)].map(([, file]) => file)
    expect(files.length).toBeGreaterThan(3)
    for (const file of files)
      expect((await staff.browser.get(`/admin/queues/${file}`)).statusCode, file).toBe(200)
  }
  expect((await staff.browser.get('/admin')).headers['content-security-policy']).not.toContain('unsafe')
})

it('answers what the queue holds, read-only', async () => {
  const { statusCode, headers, body } = await staff.browser.get(
    `${API}?activeQueue=jobs&status=latest&page=1&jobsPerPage=10`,
  )
  expect(statusCode).toBe(200)
  expect(headers['content-type']).toContain('application/json')
  const { queues } = JSON.parse(body)
  expect(queues).toMatchObject([
    { name: 'jobs', readOnlyMode: true, allowRetries: false, counts: { delayed: 1 }, jobs: [{ id }] },
  ])
  const one = await staff.browser.get(`${API}/jobs/${id}`)
  expect(JSON.parse(one.body)).toMatchObject({ job: { id } })
  expect((await staff.browser.get('/admin/queues/api/redis/stats')).statusCode).toBe(403)
})

it.each([
  ['PUT', `${API}/pause`],
  ['PUT', `${API}/jobs/pause`],
  ['PUT', `${API}/jobs/empty`],
  ['PUT', `${API}/jobs/obliterate`],
  ['PUT', `${API}/jobs/${id}/promote`],
  ['PUT', `${API}/jobs/${id}/clean`],
  ['PATCH', `${API}/jobs/${id}/update-data`],
  ['POST', `${API}/jobs/add`],
  ['DELETE', `${API}/jobs/${id}`],
] as const)('refuses %s %s', async (method, url) => {
  const { _csrf = '' } = await staff.browser.form('/admin/messages', '/admin/messages/preview')
  const headers = { origin: 'http://127.0.0.1:3000', 'content-type': 'application/x-www-form-urlencoded' }
  const payload = `_csrf=${encodeURIComponent(_csrf)}`
  const { statusCode } = await staff.browser.send({ method, url, payload, headers })
  expect(statusCode).toBe(405)
  expect(await site.jobs.find(id, {})).toMatchObject({ state: 'delayed' })
})

it('gives no file but those of its page', async () => {
  for (const file of ['../index.ejs', '..%2f..%2fpackage.json', '%2e%2e/index.ejs', 'nothing.js', ''])
    expect((await staff.browser.get(`/admin/queues/static/${file}`)).statusCode, file).toBe(404)
})
