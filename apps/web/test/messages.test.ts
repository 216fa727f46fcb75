import { error, info, success, warning } from '@tidings/messages'
import { describe, expect, it } from 'vitest'
import { hiddenFields, messagesOn, testSite } from './client.ts'

const site = await testSite()
const DEMO = [
  'info: Hello, alice. Welcome to Tidings.',
  'warning: This is an alert: something may need your attention.',
]

async function alice() {
  const browser = site.browser()
  await browser.logIn('alice')
  return browser
}

describe('/add_messages/', () => {
  it('adds a greeting and an alert, shows none, and the next page shows both once', async () => {
    const browser = await alice()
    const page = await browser.get('/add_messages/')
    expect(page.statusCode).toBe(200)
    expect(page.body).not.toContain('class="messages"')
    expect(page.body).toContain('The next page that you open shows them')
    expect(messagesOn((await browser.get('/')).body)).toEqual(DEMO)
    expect(messagesOn((await browser.get('/')).body)).toEqual([])
  })

  it('tells this browser alone', async () => {
    const here = await alice()
    const there = await alice()
    await here.get('/add_messages/')
    expect(messagesOn((await there.get('/')).body)).toEqual([])
    expect((await there.get('/inbox')).body).not.toContain('Welcome')
    expect(messagesOn((await here.get('/')).body)).toEqual(DEMO)
  })

  it('does nothing for HEAD or when a browser only looks ahead', async () => {
    const browser = await alice()
    await browser.send({ method: 'HEAD', url: '/add_messages/' })
    const ahead: Record<string, string>[] = [
      { 'sec-purpose': 'prefetch' },
      { 'sec-purpose': 'prefetch;prerender' },
      { purpose: 'prefetch' },
    ]
    for (const headers of ahead) {
      expect((await browser.get('/add_messages/', headers)).body).toContain('Nothing was added')
    }
    expect(messagesOn((await browser.get('/')).body)).toEqual([])
  })

  it('is for users', async () => {
    const response = await site.browser().get('/add_messages/')
    expect(response.headers.location).toBe('/login?next=%2Fadd_messages%2F')
  })
})

describe('the messages on a page', () => {
  it('stand before the heading, with their level in a word, their tags and their link', async () => {
    const browser = await alice()
    await site.store.post(site.alice.id, [
      info('One'),
      success('Two', { extraTags: 'import' }),
      warning('Three', { link: { href: '/jobs/7', text: 'See it' } }),
      error('Four'),
    ])
    const { body } = await browser.get('/jobs')
    expect(messagesOn(body)).toEqual(['error: Four', 'info: One', 'import success: Two', 'warning: Three'])
    for (const word of ['Note', 'Done', 'Warning', 'Failed'])
      expect(body).toContain(`<strong class="level">${word}</strong>`)
    expect(body).toContain('<a href="/jobs/7">See it</a>')
    expect(body.indexOf('<ul class="messages">')).toBeLessThan(body.indexOf('<h1'))
    expect(body.match(/<ul class="messages">/g)).toHaveLength(1)
  })

  it('are ten at most; the page says how many wait', async () => {
    const browser = await alice()
    await site.store.post(
      site.alice.id,
      Array.from({ length: 12 }, (_, number) => info(`Number ${number}`)),
    )
    const first = (await browser.get('/')).body
    expect(messagesOn(first)).toHaveLength(10)
    expect(first).toContain('2 more wait for the next page')
    expect(messagesOn((await browser.get('/')).body)).toHaveLength(2)
  })

  it('are shown to nobody else, and not by an error page or a form that is shown again', async () => {
    const browser = await alice()
    const bob = site.browser()
    await bob.logIn('bob')
    await site.store.post(site.alice.id, info('For alice'))
    expect((await bob.get('/')).body).not.toContain('For alice')
    expect((await bob.get('/inbox')).body).not.toContain('For alice')
    expect((await site.browser().get('/')).body).not.toContain('For alice')
    expect((await browser.get('/jobs/none')).body).not.toContain('For alice')
    const again = await browser.submit('/add_messages/', '/logout', { _csrf: 'x' })
    expect(again.statusCode).toBe(403)
    const form = await browser.form('/inbox', '/logout')
    expect((await browser.post('/jobs/demo', { ...form, seconds: 'x' })).statusCode).toBe(422)
    expect(messagesOn((await browser.get('/')).body).filter(text => text.endsWith('For alice'))).toHaveLength(
      1,
    )
  })
})

describe('while messages can’t be read', () => {
  it('the page is there, and says that they are delayed', async () => {
    const browser = await alice()
    await site.store.post(site.alice.id, info('Later'))
    const claim = site.store.claim.bind(site.store)
    site.store.claim = async () => {
      site.store.claim = claim
      throw new Error('Command timed out')
    }
    const { statusCode, body } = await browser.get('/')
    expect(statusCode).toBe(200)
    expect(body).toContain('Messages are delayed.')
    expect(messagesOn((await browser.get('/')).body)).toEqual(['info: Later'])
  })
})

describe('the inbox', () => {
  it('lists read and unread, newest first, and consumes nothing by being looked at', async () => {
    const browser = await alice()
    await site.store.post(site.alice.id, success('Read', { link: { href: '/jobs', text: 'Jobs' } }))
    expect(messagesOn((await browser.get('/')).body)).toContain('success: Read')
    await site.store.post(site.alice.id, error('Not yet read'))
    for (let time = 0; time < 2; time += 1) {
      const { body } = await browser.get('/inbox')
      expect(body).not.toContain('class="messages"')
      const items = body.split('<li class="').filter(item => item.includes('data-message-id'))
      expect(items[0]).toMatch(
        /^error" data-message-id="[^"]+" data-unread="true">.*Failed.*Unread.*<time datetime=.*Not yet read/,
      )
      expect(items[1]).toMatch(/^success" data-message-id="[^"]+">.*Done.*Read/)
      expect(items[1]).not.toContain('>Unread<')
      expect(body).toContain('1 unread.')
    }
    expect(messagesOn((await browser.get('/')).body)).toEqual(['error: Not yet read'])
  })

  it('says when it is empty', async () => {
    const bob = site.browser()
    await bob.logIn('bob')
    expect((await bob.get('/inbox')).body).toContain('There are no messages for you yet')
  })
})

describe('the inbox', () => {
  it('can be marked as read, up to what was listed, and then no page shows it as new', async () => {
    const browser = await alice()
    await site.store.post(site.alice.id, [info('listed'), info('listed, too')])
    const form = hiddenFields((await browser.get('/inbox')).body, '/inbox/read')
    await site.store.post(site.alice.id, info('came later'))
    expect((await browser.post('/inbox/read', form)).headers.location).toBe('/inbox')
    expect((await browser.get('/inbox')).body).toContain('1 unread.')
    expect(messagesOn((await browser.get('/')).body)).toEqual(['info: came later'])
    expect((await browser.get('/inbox')).body).toContain('Nothing is unread.')
  })

  it('loses a message that its owner dismisses; nobody else can', async () => {
    const [browser, other] = [await alice(), await site.user('somebody')]
    await site.store.post(site.alice.id, warning('dismissed'))
    const page = (await browser.get('/inbox')).body
    const id = /data-message-id="(\w+)"/.exec(page)?.[1] ?? ''
    await site.store.post(other.id, info('of my own'))
    const theirs = hiddenFields((await other.browser.get('/inbox')).body, '/inbox/dismiss')
    await other.browser.post('/inbox/dismiss', { ...theirs, id })
    expect((await browser.get('/inbox')).body).toContain('dismissed')
    const own = hiddenFields(page, '/inbox/dismiss')
    expect((await browser.post('/inbox/dismiss', { ...own, id })).statusCode).toBe(303)
    expect((await browser.get('/inbox')).body).not.toContain('dismissed')
    expect(messagesOn((await browser.get('/')).body)).toEqual([])
  })
})
