import { afterAll, describe, expect, it, vi } from 'vitest'
import { ended, hiddenFields, messagesOn, testSite } from './client.ts'

const site = await testSite()
const worker = await site.jobs.work({ concurrency: 1 })
afterAll(() => worker.close({ force: true }))
const user = (name: string) => site.user(name)

describe('the page of jobs', () => {
  it('has a form for each job, with a token and a key of its own', async () => {
    const { browser } = await user('forms')
    const page = (await browser.get('/jobs')).body
    const keys = ['import-posts', 'export-posts', 'demo'].map(name => {
      const fields = hiddenFields(page, `/jobs/${name}`)
      expect(fields._csrf).toBeTruthy()
      return fields.idempotencyKey
    })
    expect(new Set(keys).size).toBe(3)
    expect(hiddenFields((await browser.get('/jobs')).body, '/jobs/demo').idempotencyKey).not.toBe(keys[2])
    expect(page).toMatch(/enctype="multipart\/form-data"/)
    expect(page).toContain('accept=".csv,.json,text/csv,application/json"')
  })

  it('has no demo job where this is no demonstration', async () => {
    const plain = await testSite({ config: { DEMO: false } })
    const browser = plain.browser()
    await browser.logIn('alice')
    expect((await browser.get('/add_messages/')).statusCode).toBe(404)
    expect((await browser.get('/jobs')).body).not.toContain('add_messages')
  })

  it('lists one’s own jobs, newest first, and nobody else’s', async () => {
    const { browser } = await user('lister')
    const other = await user('lister2')
    const first = await browser.submit('/jobs', '/jobs/demo', { label: 'one', seconds: '0' })
    const second = await browser.submit('/jobs', '/jobs/export-posts')
    const page = (await browser.get('/jobs')).body
    expect(page.indexOf(String(second.headers.location))).toBeGreaterThan(0)
    expect(page.indexOf(String(first.headers.location))).toBeGreaterThan(
      page.indexOf(String(second.headers.location)),
    )
    expect((await other.browser.get('/jobs')).body).toContain('You have started none yet')
  })
})

describe('starting a job', () => {
  it('leads to its page, and then to a message', async () => {
    const { browser } = await user('starter')
    const response = await browser.submit('/jobs', '/jobs/demo', {
      label: '<b> & "me" ',
      outcome: 'fail',
      seconds: '0',
    })
    expect(response.statusCode).toBe(303)
    const url = String(response.headers.location)
    expect(url).toMatch(/^\/jobs\/[\w-]{22}$/)
    const page = await ended(browser, url)
    expect(page).toContain('data-state="failed"')
    expect(page).toContain('It was told to fail.')
    expect(page).toContain('&lt;b&gt; &amp; &quot;me&quot; ')
    expect(messagesOn((await browser.get('/')).body)).toEqual([
      'error: The demo job “<b> & "me" ” failed. It was told to fail.',
    ])
    expect(messagesOn((await browser.get('/')).body)).toEqual([])
    expect((await browser.get('/inbox')).body).toContain('It was told to fail.')
  })

  it('with defaults for what the form leaves out', async () => {
    const { browser } = await user('defaults')
    const { _csrf = '' } = await browser.form('/jobs', '/jobs/demo')
    const demo = await browser.post('/jobs/demo', { _csrf })
    expect(await ended(browser, String(demo.headers.location))).toContain('data-state="completed"')
    const exported = await browser.post('/jobs/export-posts', { _csrf })
    expect(await ended(browser, String(exported.headers.location))).toContain('CSV')
  })

  it('by the same form again leads to the first job', async () => {
    const { browser, id } = await user('twice')
    const fields = { ...(await browser.form('/jobs', '/jobs/demo')), label: 'once', seconds: '0' }
    const answers = await Promise.all([1, 2, 3].map(() => browser.post('/jobs/demo', fields)))
    expect(new Set(answers.map(({ headers }) => headers.location)).size).toBe(1)
    expect(await site.jobs.list({ owner: id })).toHaveLength(1)
    const other = await user('twice2')
    const { _csrf = '' } = await other.browser.form('/jobs', '/jobs/demo')
    const same = await other.browser.post('/jobs/demo', { ...fields, _csrf })
    expect(same.headers.location).not.toBe(answers[0]?.headers.location)
  })

  it('by the same form with other values is not taken for the first, and can be sent again', async () => {
    const { browser, id } = await user('reused')
    const form: Record<string, string> = await browser.form('/jobs', '/jobs/demo')
    const fields = { ...form, label: 'one', seconds: '0' }
    await browser.post('/jobs/demo', fields)
    const refused = await browser.post('/jobs/demo', { ...fields, label: 'two' })
    expect(refused.statusCode).toBe(422)
    expect(refused.body).toContain('This form was sent before, with other values.')
    const key = /name="idempotencyKey" value="([^"]+)"/.exec(
      refused.body.split('action="/jobs/demo"')[1] ?? '',
    )?.[1]
    expect(key).not.toBe(form.idempotencyKey)
    const second = await browser.post('/jobs/demo', { ...fields, label: 'two', idempotencyKey: String(key) })
    expect(second.statusCode).toBe(303)
    expect(await site.jobs.list({ owner: id })).toHaveLength(2)
  })

  it('that waits can be cancelled and tried again by its owner, and by nobody else', async () => {
    const { browser, id } = await user('canceller')
    const { demo } = site.definitions
    if (!demo) throw new Error('this site has no demo job')
    const { id: job } = await site.jobs.enqueue(
      demo,
      { label: 'x', seconds: 0 },
      { owner: id, delay: 60_000 },
    )
    const path = `/jobs/${job}`
    const stranger = await user('canceller2')
    const theirs = await stranger.browser.form('/jobs', '/jobs/demo')
    for (const action of ['cancel', 'retry'])
      expect(
        (await stranger.browser.post(`${path}/${action}`, { _csrf: theirs._csrf ?? '' })).statusCode,
      ).toBe(404)

    const form = await browser.form(path, `${path}/cancel`)
    expect((await browser.post(`${path}/cancel`, {})).statusCode).toBe(403)
    expect((await browser.post(`${path}/cancel`, form)).headers.location).toBe(path)
    const page = (await browser.get(path)).body
    expect(page).toContain('Cancelled')
    expect(messagesOn(page)).toEqual(['error: The demo job “x” was cancelled.'])

    await browser.post(`${path}/cancel`, form)
    expect(messagesOn((await browser.get(path)).body)).toEqual([expect.stringContaining('had ended before')])
    const again = await browser.form(path, `${path}/retry`)
    expect((await browser.post(`${path}/retry`, again)).headers.location).toBe(path)
    expect(await ended(browser, path)).toContain('data-state="completed"')
  })

  it('that isn’t known is 404', async () => {
    const { browser } = await user('unknown')
    const { _csrf = '' } = await browser.form('/jobs', '/jobs/demo')
    for (const name of ['none', '__proto__', 'constructor', 'toString']) {
      expect((await browser.post(`/jobs/${name}`, { _csrf })).statusCode, name).toBe(404)
    }
  })

  it('by a form that can’t be right shows it again, with the reason, what was typed and the same key', async () => {
    const { browser, id } = await user('wrong')
    const bad: [Record<string, string>, string][] = [
      [{ label: 'x'.repeat(201) }, 'Use 200 characters at most.'],
      [{ outcome: 'explode' }, 'Choose how it should end.'],
      [{ seconds: '-1' }, 'Use a number from 0 to 3600.'],
      [{ seconds: '3601' }, 'Use a number from 0 to 3600.'],
      [{ seconds: 'NaN' }, 'Use a number from 0 to 3600.'],
      [{ seconds: '1e9' }, 'Use a number from 0 to 3600.'],
    ]
    for (const [fields, reason] of bad) {
      const form = await browser.form('/jobs', '/jobs/demo')
      const response = await browser.post('/jobs/demo', { ...form, label: 'my label', ...fields })
      expect(response.statusCode).toBe(422)
      expect(response.body).toContain(reason)
      expect(response.body).toContain('The job was not started')
      expect(response.body).toContain(`value="${fields.label ?? 'my label'}"`)
      expect(hiddenFields(response.body, '/jobs/demo').idempotencyKey).toBe(form.idempotencyKey)
    }
    const form = await browser.form('/jobs', '/jobs/export-posts')
    const response = await browser.post('/jobs/export-posts', { ...form, format: 'xls' })
    expect(response.body).toContain('Choose CSV or JSON.')
    expect(await site.jobs.list({ owner: id })).toEqual([])
  })

  it('by a form that no page of ours sends is 400', async () => {
    const { browser } = await user('strange')
    const form = await browser.form('/jobs', '/jobs/demo')
    const strange: Record<string, string>[] = [
      { idempotencyKey: 'a b' },
      { idempotencyKey: 'x'.repeat(101) },
      { label: 'x'.repeat(5000) },
    ]
    for (const fields of strange) {
      expect((await browser.post('/jobs/demo', { ...form, ...fields })).statusCode).toBe(400)
    }
  })
})

describe('a job’s page', () => {
  it('is there for its owner alone: for anybody else it looks like none', async () => {
    const { browser } = await user('owner')
    const other = await user('stranger')
    const started = await browser.submit('/jobs', '/jobs/demo', { label: 'mine', seconds: '0' })
    const url = String(started.headers.location)
    expect((await browser.get(url)).statusCode).toBe(200)
    const foreign = await other.browser.get(url)
    const none = await other.browser.get('/jobs/AAAAAAAAAAAAAAAAAAAAAA')
    expect(foreign.statusCode).toBe(404)
    const plain = (page: { body: string }) => page.body.replace(/<code>.*?<\/code>/, '')
    expect(plain(foreign)).toBe(plain(none))
    expect((await site.browser().get(url)).statusCode).toBe(303)
  })

  it('says while it runs how far it is, and how to hear of its end', async () => {
    const { browser } = await user('watcher')
    const started = await browser.submit('/jobs', '/jobs/demo', { label: 'slow', seconds: '2' })
    const url = String(started.headers.location)
    await vi.waitFor(async () => {
      const { body } = await browser.get(url)
      expect(body).toContain('data-state="active"')
      expect(body).toMatch(/<progress id="progress" value="\d+" max="100">/)
      expect(body).toContain('You may leave this page')
      expect(body).toContain(`<a id="refresh" href="${url}">Refresh</a>`)
    }, 20_000)
    const page = await ended(browser, url)
    expect(page).not.toContain('<progress')
    expect(page).not.toContain('Refresh')
    expect(page).toContain('Back to jobs')
  })
})
