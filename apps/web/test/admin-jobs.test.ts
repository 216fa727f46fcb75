import { randomUUID } from 'node:crypto'
import { afterAll, expect, it } from 'vitest'
import { messagesOn, testSite } from './client.ts'
import { escaped, factOn, newStaff } from './staff.ts'

const site = await testSite()
const { jobs, definitions, alice, bob, blog } = site
const staff = await newStaff(site)
const HOSTILE = '<script>alert(1)</script>'
const { demo } = definitions
if (!demo) throw new Error('the demo job is not there')
const worker = await jobs.work({ concurrency: 5, version: '1.2.3' })
afterAll(() => worker.close({ force: true }))

async function start(
  owner: string,
  how: Partial<{ label: string; outcome: 'succeed' | 'fail' | 'hang' }> = {},
) {
  const input = { label: randomUUID(), outcome: 'succeed', seconds: 0, ...how } as const
  return (await jobs.enqueue(demo as NonNullable<typeof demo>, input, { owner })).id
}
const until = (id: string, state: string) =>
  expect.poll(async () => (await jobs.find(id, {}))?.state, { timeout: 20_000 }).toBe(state)
const list = async (query = '') => (await staff.browser.get(`/admin/jobs${query}`)).body
const listed = (html: string) => [...html.matchAll(/<a href="\/admin\/jobs\/([\w-]+)">/g)].map(([, id]) => id)

/** Ticks jobs in the list, and presses a button. */
async function press(what: 'retry' | 'cancel', ids: string[], query = '') {
  const fields = await staff.browser.form(`/admin/jobs${query}`, '/admin/jobs/retry')
  const payload = new URLSearchParams(fields)
  for (const id of ids) payload.append('job', id)
  return staff.browser.send({
    method: 'POST',
    url: `/admin/jobs/${what}`,
    payload: payload.toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded', origin: 'http://127.0.0.1:3000' },
  })
}

it('lists the jobs of all, with their owners, how they stand, and the workers that live', async () => {
  const [one, two] = [await start(alice.id), await start(bob.id, { outcome: 'hang', label: HOSTILE })]
  await until(one, 'completed')
  await until(two, 'active')
  const html = await list()
  expect(listed(html)).toEqual([two, one])
  expect(html).toContain('<bdi class="owner">alice</bdi>')
  expect(html).toContain('<bdi class="owner">bob</bdi>')
  expect(html).toContain(escaped(HOSTILE))
  expect(html).not.toContain(HOSTILE)
  expect(html).toContain(`process ${process.pid}`)
  expect(html).toContain('1.2.3, Node')
  expect([factOn(html, 'Running'), factOn(html, 'Done')]).toEqual(['1', '1'])
  await press('cancel', [two])
  await until(two, 'failed')
})

it('finds jobs by state, kind, user and time', async () => {
  const of = async (owner: string) => {
    const id = await start(owner)
    await until(id, 'completed')
    return id
  }
  const [one, two] = [await of(alice.id), await of(bob.id)]
  expect(listed(await list('?user=BOB'))).toContain(two)
  expect(listed(await list('?user=BOB'))).not.toContain(one)
  expect(listed(await list('?state=completed&kind=demo'))).toEqual(expect.arrayContaining([one, two]))
  expect(listed(await list('?kind=export-posts'))).toEqual([])
  expect(listed(await list('?state=active'))).toEqual([])
  expect(listed(await list('?before=2020-01-01T00:00'))).toEqual([])
  expect(listed(await list('?after=2020-01-01T00:00'))).toContain(one)
  const nobody = await list(`?user=${encodeURIComponent('nobody"><b>')}`)
  expect(nobody).toContain('Nobody has the name')
  expect(nobody).not.toContain('"><b>')
  for (const query of ['?state=lost&cursor=!&after=x', '?cursor=e30', '?kind=a&kind=b', '?user=%00'])
    expect((await staff.browser.get(`/admin/jobs${query}`)).statusCode, query).toBe(200)
})

it('comes in pages', async () => {
  const own = await blog.users.create({ username: 'busy', password: 'correct horse battery' })
  const ids = await Promise.all(Array.from({ length: 51 }, () => start(own.id)))
  for (const id of ids) await until(id, 'completed')
  const first = await list('?user=busy')
  const next = /href="([^"]*)" rel="next"/.exec(first)?.[1]?.replaceAll('&amp;', '&') ?? ''
  const second = (await staff.browser.get(next)).body
  expect([listed(first).length, listed(second).length]).toEqual([50, 1])
  expect(new Set([...listed(first), ...listed(second)])).toEqual(new Set(ids))
})

it('tries again and cancels one or many, tells how many, and goes back to what was looked at', async () => {
  const failed = await Promise.all([start(alice.id, { outcome: 'fail' }), start(bob.id, { outcome: 'fail' })])
  const done = await start(bob.id)
  for (const id of failed) await until(id, 'failed')
  await until(done, 'completed')
  const groups = await list('?state=failed')
  expect(groups).toContain('Why the latest failed')
  expect(groups).toContain('2 × ')

  const retried = await press('retry', [...failed, done], '?state=failed&user=')
  expect([retried.statusCode, retried.headers.location]).toEqual([303, '/admin/jobs?state=failed'])
  expect(messagesOn(await list())).toEqual([
    'warning: 2 jobs are tried again. 1 is not: only what has failed can be tried again.',
  ])
  for (const id of failed) await until(id, 'failed')

  const hung = await Promise.all([start(alice.id, { outcome: 'hang' }), start(bob.id, { outcome: 'hang' })])
  for (const id of hung) await until(id, 'active')
  await press('cancel', hung)
  for (const id of hung) await until(id, 'failed')
  expect(messagesOn(await list())).toEqual(['success: 2 jobs are cancelled.'])
  expect((await site.store.inbox(alice.id))[0]?.text).toContain('cancelled')

  const { entries } = await blog.audit.page({ limit: 2 })
  expect(entries).toMatchObject([
    {
      action: 'jobs.cancel',
      to: `2 jobs: ${hung.join(', ')}`,
      count: 2,
      outcome: 'done',
      by: { id: staff.id },
    },
    { action: 'jobs.retry', count: 3, outcome: 'done' },
  ])
})

it('says that none was ticked, and takes no more than a page of them', async () => {
  await press('retry', [])
  expect(messagesOn(await list())).toEqual(['warning: No job was ticked.'])
  const many = Array.from({ length: 101 }, () => randomUUID())
  expect((await press('cancel', many)).statusCode).toBe(400)
  await press('cancel', [randomUUID(), '../../x'])
  expect(messagesOn(await list())[0]).toContain('0 jobs are cancelled. 2 are not')
})

it('shows a job of anybody’s with its owner, its input and its result', async () => {
  const id = await start(alice.id, { label: HOSTILE })
  await until(id, 'completed')
  const { statusCode, body } = await staff.browser.get(`/admin/jobs/${id}`)
  expect(statusCode).toBe(200)
  expect(body).toContain('<bdi class="owner">alice</bdi>')
  expect(body).toContain(escaped(JSON.stringify({ label: HOSTILE }).slice(1, -1).replace(':', ': ')))
  expect(body).not.toContain(HOSTILE)
  expect((await staff.browser.get('/admin/jobs/nothing')).statusCode).toBe(404)
  const fields = await staff.browser.form('/admin/jobs', '/admin/jobs/retry')
  const back = await staff.browser.post('/admin/jobs/retry', { ...fields, job: id, from: 'job' })
  expect(back.headers.location).toBe(`/admin/jobs/${id}`)
})

it('keeps a job whose owner is gone', async () => {
  const { id: owner } = await blog.users.create({ username: 'leaver', password: 'correct horse battery' })
  const id = await start(owner)
  await until(id, 'completed')
  await blog.users.delete(owner)
  expect((await staff.browser.get(`/admin/jobs/${id}`)).body).toContain('nobody any more')
})
