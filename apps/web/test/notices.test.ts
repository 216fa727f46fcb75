import { error, info, success, warning } from '@tidings/messages'
import { describe, expect, it } from 'vitest'
import { messagesOn, testSite } from './client.ts'

const site = await testSite()
let users = 0
const user = () => site.user(`reader-${++users}`)

/** What is folded, of the messages on a page. */
const foldedOn = (html: string) =>
  [...html.matchAll(/<li [^>]*data-folded="true">.*?<bdi class="text"[^>]*>(.*?)<\/bdi>/gs)].map(
    ([, text]) => text,
  )

/** Where the focus goes when the page is opened. */
const focusedOn = (html: string) =>
  [...html.matchAll(/<div class="said" role="alert" tabindex="-1" autofocus="autofocus">(.*?)<\/div>/gs)].map(
    ([, said = '']) =>
      said
        .replace(/<[^>]*>/g, ' ')
        .replace(/\s+/g, ' ')
        .trim(),
  )

describe('the order of messages on a page', () => {
  it('is errors first, then by time; three are open, the others folded in the same list', async () => {
    const { browser, id } = await user()
    await site.store.post(id, [info('1'), error('2'), success('3'), warning('4'), error('5'), info('6')])
    const { body } = await browser.get('/')
    const texts = messagesOn(body)
    expect(texts).toEqual(['error: 2', 'error: 5', 'info: 1', 'success: 3', 'warning: 4', 'info: 6'])
    expect(foldedOn(body)).toEqual(['3', '4', '6'])
    expect(body).toMatch(/<details class="fold"><summary>.*?>3<\/span> more/)
    expect(body.match(/<ul class="messages">/g)).toHaveLength(1)
  })

  it('folds nothing where there are three', async () => {
    const { browser, id } = await user()
    await site.store.post(id, [info('1'), error('2'), success('3')])
    const { body } = await browser.get('/')
    expect(foldedOn(body)).toEqual([])
    expect(body).toContain('<details class="fold" hidden')
  })

  it('comes with a box that hides each without a script, named after it, as far as a name can be heard', async () => {
    const { browser, id } = await user()
    await site.store.post(id, [success('Saved "it".'), info('x'.repeat(100))])
    const { body } = await browser.get('/')
    expect(body).toContain('aria-label="Close: Saved &quot;it&quot;."')
    expect(body).toContain(`aria-label="Close: ${'x'.repeat(80)}…"`)
  })
})

describe('the focus', () => {
  it('goes to what the reader’s own last action has to say, and to nothing else', async () => {
    const { browser, id } = await user()
    await site.store.post(id, [info('Of a job.'), error('Of another.')])
    expect(focusedOn((await browser.get('/')).body)).toEqual([])
    await browser.get('/add_messages/')
    await site.store.post(id, error('Meanwhile.'))
    const { body } = await browser.get('/')
    expect(focusedOn(body)).toEqual([expect.stringMatching(/^Note Hello, reader/)])
    expect(messagesOn(body)[0]).toBe('error: Meanwhile.')
  })

  it('finds it open, whatever else there is', async () => {
    const { browser, id } = await user()
    await site.store.post(id, [error('1'), error('2'), error('3')])
    await browser.get('/add_messages/')
    const { body } = await browser.get('/')
    expect(focusedOn(body)).toEqual([expect.stringMatching(/^Note Hello/)])
    expect(foldedOn(body)).toEqual(['3', expect.stringContaining('alert')])
  })

  it('goes to what a job says on the page to which its form leads', async () => {
    const { browser, id } = await user()
    const url = String((await browser.submit('/jobs', '/jobs/export-posts')).headers.location)
    const job = url.replace('/jobs/', '')
    await site.store.post(id, [info('Of another.', { job: 'another' }), info('It has started.', { job })])
    expect(focusedOn((await browser.get(url)).body)).toEqual(['Note It has started.'])
    await site.store.post(id, success('It is done.', { job }))
    expect(focusedOn((await browser.get('/jobs')).body)).toEqual([])
  })

  it('is left to the faults of a form that was refused: that page shows no messages', async () => {
    const { browser, id } = await user()
    await browser.get('/add_messages/')
    await site.store.post(id, success('Well done.'))
    const page = await browser.submit('/jobs', '/jobs/demo', { seconds: 'x' })
    expect(page.statusCode).toBe(422)
    expect(messagesOn(page.body)).toEqual([])
    expect(page.body).not.toMatch(/data-live|live\.js/)
  })
})

describe('the regions for live messages', () => {
  it('are on the pages of users, polite, and an alert for errors', async () => {
    const { browser } = await user()
    for (const url of ['/', '/jobs', '/inbox', '/posts/none', '/jobs?x=1']) {
      const { body, statusCode } = await browser.get(url)
      const regions = [
        /<div role="alert" aria-atomic="false" data-live-alerts/,
        /<div role="status"[^>]*data-live-messages="\/messages\/stream"/,
      ]
      for (const region of regions) expect(region.test(body), url).toBe(statusCode === 200)
      expect(body.includes('/assets/live.js'), url).toBe(statusCode === 200)
    }
  })

  it('are not on the pages of visitors, nor where a page shows no messages', async () => {
    const { browser } = await user()
    const pages = [site.browser().get('/'), site.browser().get('/login'), browser.get('/add_messages/')]
    for (const { body } of await Promise.all(pages)) expect(body).not.toMatch(/data-live|live\.js/)
  })

  it('take what is newer than the page, where more waits than it has shown', async () => {
    const { browser, id } = await user()
    await site.store.post(
      id,
      Array.from({ length: 13 }, (_, number) => info(`Number ${number}`)),
    )
    const first = (await browser.get('/')).body
    expect(first).toMatch(/ data-after="\d{4}-[^"]+Z"/)
    expect(first).toContain('3 more wait for the next page')
    expect(first).toContain('Inbox<span data-unread-count> (3 unread)</span>')
    const second = (await browser.get('/')).body
    expect(second).not.toContain('data-after')
    expect(second).toContain('Inbox<span data-unread-count hidden></span>')
  })
})

describe('what the page’s script asks for', () => {
  it('is served from here, under an address that changes with its content', async () => {
    const { browser } = await user()
    const { body } = await browser.get('/inbox')
    const scripts = [...body.matchAll(/<script type="module" src="([^"]+)"/g)].map(([, src = '']) => src)
    const names = scripts.map(src => /^\/assets\/([\w-]+)\.js\?v=[\w-]{10}$/.exec(src)?.[1])
    expect(names).toEqual(expect.arrayContaining(['notices', 'times', 'live', 'inbox-days']))
    expect(names).not.toContain(undefined)
    for (const src of scripts) {
      const { statusCode, headers } = await site.browser().get(src)
      expect([statusCode, headers['content-type'], headers['cache-control']]).toEqual([
        200,
        expect.stringContaining('javascript'),
        expect.stringContaining('immutable'),
      ])
    }
  })

  it('has no stream for visitors, and needs the page’s token to say what was shown', async () => {
    expect((await site.browser().get('/messages/stream')).statusCode).toBe(204)
    const { browser, id } = await user()
    await site.store.post(id, info('Shown?'))
    const [message] = await site.store.inbox(id)
    const confirm = (more: object, headers: Record<string, string> = {}) =>
      browser.send({
        method: 'POST',
        url: '/messages/confirm',
        payload: { ids: [message?.id], ...more },
        headers: { origin: 'http://127.0.0.1:3000', ...headers },
      })
    const [, token] = /name="_csrf" value="([^"]+)"/.exec((await browser.get('/inbox')).body) ?? []
    const refused = [
      confirm({}),
      confirm({ _csrf: 'x' }),
      confirm({ _csrf: token }, { origin: 'https://elsewhere.example' }),
      confirm({ _csrf: token }, { 'sec-fetch-site': 'cross-site' }),
    ]
    for (const { statusCode } of await Promise.all(refused)) expect(statusCode).toBe(403)
    expect((await site.store.inbox(id))[0]?.unread).toBe(true)
    expect((await confirm({ _csrf: token })).statusCode).toBe(204)
    expect((await site.store.inbox(id))[0]?.unread).toBe(false)
  })

  it('takes JSON nowhere else', async () => {
    const { browser } = await user()
    const page = (await browser.get('/inbox')).body
    const [, _csrf] = /name="_csrf" value="([^"]+)"/.exec(page) ?? []
    const sent = await browser.send({ method: 'POST', url: '/inbox/dismiss', payload: { _csrf, id: 'x' } })
    expect(sent.statusCode).toBe(415)
  })
})
