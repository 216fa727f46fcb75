import { afterAll, describe, expect, it } from 'vitest'
import { ended, hiddenFields, messagesOn, multipart, testSite } from './client.ts'

const site = await testSite()
const worker = await site.jobs.work({ concurrency: 1 })
afterAll(() => worker.close({ force: true }))
const user = (name: string) => site.user(name)

const CSV = 'title,body\r\nFirst,"One, two"\r\nSecond,Three\r\n'
const MEGABYTE = 1024 * 1024

describe('an upload', () => {
  it('becomes posts on the front page, and is told of', async () => {
    const { browser } = await user('importer')
    const response = await browser.upload('/jobs', '/jobs/import-posts', {
      name: 'my "posts".csv',
      content: CSV,
    })
    expect(response.statusCode).toBe(303)
    const page = await ended(browser, String(response.headers.location))
    expect(page).toContain('2 posts')
    const front = (await browser.get('/')).body
    expect(messagesOn(front)).toEqual(['success: Imported 2 posts.'])
    expect(front).toContain('One, two')
  })

  it('with bad rows names each of them on the job’s page', async () => {
    const { browser } = await user('partly')
    const content = 'title,body\nGood,Yes\n,"no\ntitle"\nAlso good,Yes\n'
    const response = await browser.upload('/jobs', '/jobs/import-posts', { name: 'x.csv', content })
    const page = await ended(browser, String(response.headers.location))
    expect(page).toContain('Partly done')
    expect(page).toMatch(/<th scope="row">3<\/th><td dir="auto">the title is missing<\/td>/)
    expect(messagesOn((await browser.get('/')).body)[0]).toMatch(/^warning: Imported 2 posts, skipped 1 row/)
  })

  it('may be JSON, whose bad items are named by number and line', async () => {
    const { browser } = await user('json')
    const content = '[{"title":"From JSON","body":"Yes"},\n{"title":"<b>"}]'
    const response = await browser.upload('/jobs', '/jobs/import-posts', { name: 'posts.json', content })
    const page = await ended(browser, String(response.headers.location))
    expect(page).toContain('1 item')
    expect(page).toMatch(/<th scope="row">2<\/th><td dir="auto">Item 2: the body is missing<\/td>/)
    expect(messagesOn((await browser.get('/')).body)[0]).toBe(
      'warning: Imported 1 post, skipped 1 item (item 2 in line 2: the body is missing).',
    )
  })

  it('that can’t be CSV is refused on the form, and so is none', async () => {
    const { browser, id } = await user('refused')
    const bad: [string, Buffer | string, string][] = [
      ['x.pdf', '%PDF-1.7 …', 'It is a PDF document'],
      ['x.csv', Buffer.from([0xff, 0xfe, 0x61, 0]), 'UTF-8'],
      ['x.csv', '', 'The file is empty.'],
      ['', '', 'Choose a file.'],
    ]
    for (const [name, content, reason] of bad) {
      const form = await browser.form('/jobs', '/jobs/import-posts')
      const response = await browser.upload('/jobs', '/jobs/import-posts', { name, content }, form)
      expect(response.statusCode, reason).toBe(422)
      expect(response.body).toContain(reason)
      expect(hiddenFields(response.body, '/jobs/import-posts').idempotencyKey).toBe(form.idempotencyKey)
    }
    const form = await browser.form('/jobs', '/jobs/import-posts')
    expect((await browser.post('/jobs/import-posts', { ...form, file: 'text' })).body).toContain(
      'Choose a file.',
    )
    expect(await site.jobs.list({ owner: id })).toEqual([])
  })

  it('of the same form again makes no second job', async () => {
    const { browser, id } = await user('uploader')
    const form = await browser.form('/jobs', '/jobs/import-posts')
    const send = () => browser.upload('/jobs', '/jobs/import-posts', { name: 'x.csv', content: CSV }, form)
    const answers = [await send(), await send()]
    expect(answers[0]?.headers.location).toBe(answers[1]?.headers.location)
    expect(await site.jobs.list({ owner: id })).toHaveLength(1)
  })

  it('of 10 MB is taken, and of one byte more is not', async () => {
    const { browser, id } = await user('large')
    const body = `title,body\n${'x'.repeat(10 * MEGABYTE - 11)}`
    const taken = await browser.upload('/jobs', '/jobs/import-posts', { name: 'x.csv', content: body })
    expect(taken.statusCode).toBe(303)
    const refused = await browser.upload('/jobs', '/jobs/import-posts', {
      name: 'x.csv',
      content: `${body}x`,
    })
    expect(refused.statusCode).toBe(413)
    expect(refused.body).toContain('a file may have up to 10 MB')
    const huge = await browser.upload('/jobs', '/jobs/import-posts', {
      name: 'x.csv',
      content: Buffer.alloc(11 * MEGABYTE),
    })
    expect(huge.statusCode).toBe(413)
    expect(await site.jobs.list({ owner: id })).toHaveLength(1)
  })

  it('by a visitor isn’t read', async () => {
    const form = multipart({ _csrf: 'x' }, { name: 'x.csv', content: Buffer.alloc(MEGABYTE) })
    const response = await site.browser().send({ method: 'POST', url: '/jobs/import-posts', ...form })
    expect([response.statusCode, response.headers.location]).toEqual([303, '/login'])
  })

  it('without a valid token is refused', async () => {
    const { browser } = await user('tokenless')
    const file = { name: 'x.csv', content: CSV }
    expect(
      (await browser.upload('/jobs', '/jobs/import-posts', file, { _csrf: 'x', _for: '' })).statusCode,
    ).toBe(403)
  })

  it('that is broken off or malformed is 400, and never 500', async () => {
    const { browser } = await user('broken')
    const fields = await browser.form('/jobs', '/jobs/import-posts')
    const { payload, headers } = multipart(fields, { name: 'x.csv', content: CSV })
    const many = Object.fromEntries(Array.from({ length: 12 }, (_, number) => [`field${number}`, 'x']))
    const strange = [
      { payload: payload.subarray(0, -40), headers },
      { payload: 'nonsense', headers },
      { payload, headers: { 'content-type': 'multipart/form-data' } },
      { ...multipart({ ...fields, __proto__x: 'x', constructor: 'x' }, { name: 'x', content: CSV }) },
      { ...multipart({ ...fields, file: 'x' }, { name: 'x', content: CSV }) },
    ]
    for (const form of strange) {
      const response = await browser.send({ method: 'POST', url: '/jobs/import-posts', ...form })
      expect(response.statusCode, String(form.payload).slice(0, 300)).toBeGreaterThanOrEqual(400)
      expect(response.statusCode, String(form.payload).slice(0, 300)).toBeLessThan(500)
    }
    const flood = multipart({ ...fields, ...many }, { name: 'x', content: CSV })
    expect((await browser.send({ method: 'POST', url: '/jobs/import-posts', ...flood })).statusCode).toBe(413)
  })
})
