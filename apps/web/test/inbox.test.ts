import { error, info, success, warning } from '@tidings/messages'
import { describe, expect, it } from 'vitest'
import { hiddenFields, testSite } from './client.ts'

const site = await testSite()
let users = 0
const user = () => site.user(`reader-${++users}`)

const textsOn = (html: string) =>
  [...(html.split('<div class="days">')[1] ?? '').matchAll(/<bdi class="text"[^>]*>(.*?)<\/bdi>/gs)].map(
    ([, text]) => text,
  )

describe('the inbox', () => {
  it('is grouped by day, with the time and its zone', async () => {
    const { browser, id } = await user()
    await site.store.post(id, [info('one'), info('two')])
    const today = new Intl.DateTimeFormat('en-GB', { dateStyle: 'full', timeZone: 'UTC' })
    const [first] = await site.store.inbox(id)
    const { body } = await browser.get('/inbox')
    expect(body).toContain(`<section class="day"><h2>${today.format(first?.time)}</h2><ol class="inbox">`)
    expect(body).toMatch(/<time datetime="[^"]+">\d\d:\d\d UTC<\/time>/)
    expect(textsOn(body)).toEqual(['two', 'one'])
  })

  it('can be filtered by level, which counts each and stays when something is done there', async () => {
    const { browser, id } = await user()
    await site.store.post(id, [
      info('note'),
      warning('warning'),
      error('failed'),
      success('done'),
      error('again'),
    ])
    const { body } = await browser.get('/inbox?level=error')
    expect(textsOn(body)).toEqual(['again', 'failed'])
    for (const text of ['>All (5)<', '>Failed (2)<', '>Warning (1)<', '>Done (1)<', '>Note (1)<'])
      expect(body).toContain(text)
    expect(body).toContain('<a href="/inbox?level=error" aria-current="page">Failed (2)</a>')
    expect(body).toContain('5 unread.')
    expect(body).toContain('Inbox<span data-unread-count> (5 unread)</span>')
    const gone = await browser.post('/inbox/dismiss', hiddenFields(body, '/inbox/dismiss'))
    expect(gone.headers.location).toBe('/inbox?level=error')
    const read = await browser.post('/inbox/read', hiddenFields(body, '/inbox/read'))
    expect(read.headers.location).toBe('/inbox?level=error')
    expect((await site.store.inbox(id)).map(({ text, unread }) => [text, unread])).toEqual([
      ['done', false],
      ['failed', false],
      ['warning', false],
      ['note', false],
    ])
  })

  it('says when nothing has the level that is asked for, and lists all for what is no level', async () => {
    const { browser, id } = await user()
    await site.store.post(id, info('note'))
    const none = (await browser.get('/inbox?level=error')).body
    expect(none).toContain('There are no such messages.')
    expect(none).toContain('<a href="/inbox">Show all</a>')
    for (const level of ['FATAL', '', 'constructor', 'error&level=info', '%3Cscript%3E'])
      expect(textsOn((await browser.get(`/inbox?level=${level}`)).body)).toEqual(['note'])
    const form = { ...hiddenFields(none, '/inbox/read'), level: '//elsewhere.example' }
    expect((await browser.post('/inbox/read', form)).headers.location).toBe('/inbox')
  })

  it('says how many were dropped before anybody read them, until a page has said so', async () => {
    const { browser, id } = await user()
    const posts = (count: number) => Array.from({ length: count }, (_, i) => info(`note ${i}`))
    await site.store.post(id, posts(101))
    expect((await browser.get('/inbox')).body).toContain('1 older message was dropped unread')
    await site.store.post(id, posts(2))
    const words = '3 older messages were dropped unread, because more waited than an inbox holds.'
    for (const path of ['/inbox', '/inbox?level=info', '/'])
      expect((await browser.get(path)).body).toContain(words)
    await expect.poll(async () => (await browser.get('/inbox')).body).not.toContain('dropped')
  })

  it('takes what is listed, or left out, for known: only newer ones come live', async () => {
    const { browser, id } = await user()
    expect((await browser.get('/inbox')).body).not.toContain('data-after')
    await site.store.post(id, [error('failed'), info('note')])
    const [newest] = await site.store.inbox(id)
    const { body } = await browser.get('/inbox?level=error')
    expect(body).toContain(`data-after="${newest?.time.toISOString()}"`)
  })
})
