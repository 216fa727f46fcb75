import { afterAll, describe, expect, it } from 'vitest'
import { ended, hiddenFields, testSite } from './client.ts'

const site = await testSite()
const worker = await site.jobs.work({ concurrency: 2 })
afterAll(() => worker.close({ force: true }))

describe('running a job again', () => {
  it('starts another one with the same input, once, however often it is pressed', async () => {
    const { browser, id } = await site.user('again')
    const label = '<i>"again"</i> '
    const first = await browser.submit('/jobs', '/jobs/demo', { label, outcome: 'partial', seconds: '0' })
    const path = String(first.headers.location)
    const page = await ended(browser, path)
    expect(page).toContain('Partly done')
    const form = hiddenFields(page, `${path}/again`)
    const answers = await Promise.all([1, 2, 3].map(() => browser.post(`${path}/again`, form)))
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([303, 303, 303])
    const [second] = new Set(answers.map(({ headers }) => String(headers.location)))
    expect(second).not.toBe(path)
    await ended(browser, String(second))
    const jobs = await site.jobs.list({ owner: id })
    expect(jobs.map(({ input }) => input)).toEqual([
      { label, outcome: 'partial', seconds: 0 },
      { label, outcome: 'partial', seconds: 0 },
    ])
  })

  it('is for its owner, with a token, when it has ended', async () => {
    const { browser } = await site.user('again2')
    const stranger = await site.user('again3')
    const started = await browser.submit('/jobs', '/jobs/demo', { seconds: '0' })
    const path = String(started.headers.location)
    await ended(browser, path)
    expect((await browser.post(`${path}/again`, {})).statusCode).toBe(403)
    const { _csrf = '' } = await stranger.browser.form('/jobs', '/jobs/demo')
    expect((await stranger.browser.post(`${path}/again`, { _csrf })).statusCode).toBe(404)
    expect(await site.jobs.list({ owner: stranger.id })).toEqual([])
  })

  it('imports the same upload once more, and says so when it is not kept any more', async () => {
    const { browser, id } = await site.user('again4')
    const file = { name: 'posts.csv', content: 'title,body\nOne,Body\n' }
    const started = await browser.upload('/jobs', '/jobs/import-posts', file)
    const path = String(started.headers.location)
    const form = hiddenFields(await ended(browser, path), `${path}/again`)
    const again = await browser.post(`${path}/again`, form)
    expect(await ended(browser, String(again.headers.location))).toContain('data-state="completed"')

    const [job] = await site.jobs.list({ owner: id, limit: 1 })
    const input = job?.input as { file: string }
    await site.redis.del(`${site.prefix}:blog:file:${input.file}`)
    const gone = await browser.post(`${path}/again`, { ...form, idempotencyKey: 'another' })
    expect(gone.statusCode).toBe(410)
    expect(gone.body).toContain('Choose the file once more')
    expect(gone.body).toContain('href="/jobs#import-posts"')
    expect(await site.jobs.list({ owner: id })).toHaveLength(2)
  })
})

describe('how many jobs one may start', () => {
  it('is bounded for each user, and the form keeps what was typed and its key', async () => {
    const limited = await testSite({ config: { JOB_STARTS_PER_MINUTE: 2 } })
    const alice = await limited.user('many')
    const form = await alice.browser.form('/jobs', '/jobs/demo')
    const fields = { ...form, label: 'my "label"', seconds: '60' }
    expect((await alice.browser.post('/jobs/demo', fields)).statusCode).toBe(303)
    const twice = await alice.browser.post('/jobs/demo', fields)
    expect(twice.statusCode).toBe(303)
    const refused = await alice.browser.post('/jobs/demo', { ...fields, idempotencyKey: 'new-one' })
    expect(refused.statusCode).toBe(429)
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
    expect(refused.body).toContain('You have started 2 jobs within a minute')
    expect(refused.body).toContain('value="my &quot;label&quot;"')
    expect(hiddenFields(refused.body, '/jobs/demo').idempotencyKey).toBe('new-one')

    const path = String(twice.headers.location)
    await alice.browser.submit(path, `${path}/cancel`)
    const again = await alice.browser.submit(path, `${path}/again`)
    expect(again.statusCode).toBe(429)
    expect(Number(again.headers['retry-after'])).toBeGreaterThan(0)

    const bob = await limited.user('few')
    expect((await bob.browser.submit('/jobs', '/jobs/demo')).statusCode).toBe(303)
  })
})
