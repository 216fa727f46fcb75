import { runInNewContext } from 'node:vm'
import { info, MemoryMessageStore, success, warning } from '@tidings/messages'
import { fastifyMessages } from '@tidings/messages/fastify'
import { messagesIn } from '@tidings/messages/testing'
import ejs from 'ejs'
import handlebars from 'handlebars'
import pug from 'pug'
import { describe, expect, it } from 'vitest'
import { addPlainPage } from '../../docs/examples/by-hand.ts'
import { addMessages as addForFetchedPages } from '../../docs/examples/fetched-pages.ts'
import { addMessages as addInLanguages, tellOfImport } from '../../docs/examples/i18n.ts'
import { addRestart } from '../../docs/examples/keep.ts'
import { addMessages as addWithLevels } from '../../docs/examples/levels.ts'
import { type Account, addMessages as addWithAccounts } from '../../docs/examples/login.ts'
import { addNotes } from '../../docs/examples/refusal.ts'
import { addAuthors } from '../../docs/examples/success-message.ts'
import { addMessages, type Site, siteWith } from './site.ts'

const textsOn = async ({ send }: Site, url = '/profile', headers = {}) =>
  messagesIn((await send({ url, headers })).body).map(({ text }) => text)

describe('the examples of the plugin', () => {
  it('know their users by account, since when they exist, and keep what a visitor was told', async () => {
    let now = Date.now() - 60_000
    const store = new MemoryMessageStore({ now: () => now })
    await store.broadcast(info('Before her time.'))
    now = Date.now()
    const accounts: Record<string, Account> = { ada: { id: '7', createdAt: new Date(now) } }
    const site = await siteWith(async app => {
      await addWithAccounts(app, store, async name => accounts[name ?? ''])
      app.post('/hello', async request => request.messages.info('Hello, visitor.'))
    })
    await site.send({ method: 'POST', url: '/hello' })
    await store.post('7', info('For Ada.'))
    await site.send({ method: 'POST', url: '/login', payload: { name: 'ada' } })
    expect(await textsOn(site)).toEqual(['Hello, visitor.', 'For Ada.'])

    await site.send({ method: 'POST', url: '/hello' })
    await site.send({ method: 'POST', url: '/logout' })
    expect(await textsOn(site)).toEqual(['You are logged out.'])
  })

  it('have levels and tags of their own', async () => {
    const store = new MemoryMessageStore()
    const site = await siteWith(app => addWithLevels(app, store))
    await site.send({ method: 'POST', url: '/backup' })
    const { body } = await site.send({ url: '/profile' })
    expect(messagesIn(body).map(({ text, tags }) => [text, tags])).toEqual([
      ['The backup has begun.', 'backup notice'],
      ['Copied 3 files.', 'debug'],
      ['One file could not be read.', 'danger'],
    ])
  })

  it('say what succeeded, and not what failed', async () => {
    const store = new MemoryMessageStore()
    const site = await siteWith(async app => {
      await addMessages(app, store)
      addAuthors(app)
    })
    await site.send({ method: 'POST', url: '/authors', payload: { name: 'Grace' } })
    await site.send({ method: 'POST', url: '/authors', payload: {} })
    await site.send({ method: 'DELETE', url: '/authors/Grace' })
    expect(await textsOn(site)).toEqual(['Grace was created.', 'Deleted the author Grace.'])
  })

  it('refuse what nobody could be shown, and what can not be posted', async () => {
    const store = new MemoryMessageStore()
    const site = await siteWith(async app => {
      await addMessages(app, store)
      addNotes(app)
    })
    const note = (href: string) =>
      site.send({ method: 'POST', url: '/notes', payload: { text: 'A note.', href } })
    const fault = await note('javascript:alert(1)')
    expect([fault.statusCode, fault.json().message]).toEqual([
      422,
      `A message can't be posted: link.href: expected a path that begins with one "/", or an http(s) address`,
    ])
    expect((await note('/notes/1')).statusCode).toBe(303)
    expect(await textsOn(site)).toEqual(['A note.'])
    const quiet = { method: 'POST', url: '/quiet-notes' } as const
    expect((await site.send({ ...quiet, payload: { text: 'Psst.' } })).statusCode).toBe(303)
    expect((await site.send({ ...quiet, payload: { text: ' ' } })).statusCode).toBe(500)
  })

  it('refuse to add where there is no session, unless it may fail silently', async () => {
    const store = new MemoryMessageStore()
    const { app } = await siteWith(async app => {
      app.addHook('onRequest', async request => void Object.assign(request, { session: null }))
      await app.register(fastifyMessages, { store, owner: () => undefined })
      addNotes(app)
    })
    const payload = { text: 'A note.', href: '/notes/1' }
    const refused = await app.inject({ method: 'POST', url: '/notes', payload })
    expect([refused.statusCode, refused.json()]).toEqual([409, { code: 'TIDINGS_NOBODY_TO_SHOW' }])
    expect((await app.inject({ method: 'POST', url: '/quiet-notes', payload })).statusCode).toBe(303)
  })

  it('keep what a page shows for the next one', async () => {
    const store = new MemoryMessageStore()
    const site = await siteWith(async app => {
      await addMessages(app, store)
      addRestart(app)
    })
    await site.login('ada')
    await store.post('ada', info('The update is done.'))
    expect(await textsOn(site, '/restart')).toEqual(['The update is done.'])
    expect(await textsOn(site)).toEqual(['The update is done.'])
    expect(await textsOn(site)).toEqual([])
  })

  it('make a page without a template engine', async () => {
    const store = new MemoryMessageStore({ cap: 11 })
    const site = await siteWith(async app => {
      await addMessages(app, store)
      addPlainPage(app)
    })
    await site.login('ada')
    await store.post(
      'ada',
      Array.from({ length: 12 }, (_, i) => info(`m${i}`)),
    )
    const { body, headers } = await site.send({ url: '/plain' })
    const texts = Array.from({ length: 10 }, (_, i) => `20 m${i + 1}`)
    expect(body.split('\n')).toEqual([
      ...texts,
      '2 more wait for the next page.',
      '1 older messages were dropped.',
    ])
    expect(headers['x-messages']).toBe('1 added, 10 shown')
  })

  it('show messages on pages that a script fetches', async () => {
    const store = new MemoryMessageStore()
    const site = await siteWith(app => addForFetchedPages(app, store))
    await site.login('ada')
    await store.post('ada', [info('1'), success('2'), warning('3'), info('4')])
    const fetched = { 'sec-fetch-dest': 'empty' }
    expect(await textsOn(site, '/profile', fetched)).toEqual([])
    expect(
      await textsOn(site, '/profile', { ...fetched, 'hx-boosted': 'true', purpose: 'prefetch' }),
    ).toEqual([])
    expect(await textsOn(site, '/profile', { ...fetched, 'hx-boosted': 'true' })).toEqual(['1', '2', '3'])
    expect(await textsOn(site)).toEqual(['4'])
  })

  it("speak the reader's language", async () => {
    const store = new MemoryMessageStore()
    const site = await siteWith(app =>
      addInLanguages(app, store, {
        owner: request => request.session.get('userId'),
        language: request => request.headers['accept-language'] ?? 'en',
      }),
    )
    await site.login('ada')
    await tellOfImport(store, 'ada', 3)
    expect(await textsOn(site, '/profile', { 'accept-language': 'de' })).toEqual(['3 Beiträge importiert.'])
  })

  it.each([
    ['EJS', { ejs }, 'profile.ejs'],
    ['Handlebars', { handlebars }, 'profile.hbs'],
  ])('show messages once by %s', async (_, engine, view) => {
    const store = new MemoryMessageStore()
    const site = await siteWith(
      async app => {
        await addMessages(app, store)
        app.get('/profile', (_, reply) => reply.view(view))
      },
      { engine },
    )
    await site.login('ada')
    await store.post('ada', success('<b>Saved.</b>', { extraTags: 'profile' }))
    const { body } = await site.send({ url: '/profile' })
    const [{ id = '' } = {}] = await store.inbox('ada')
    expect(messagesIn(body)).toEqual([{ id, tags: 'profile success', text: '<b>Saved.</b>', links: [] }])
    expect(await textsOn(site)).toEqual([])
  })

  it('take messages off a page that the page cache brings back', () => {
    const html = pug.renderFile('docs/examples/page-cache.pug')
    const [, script = ''] = /<script>(.*)<\/script>/s.exec(html) ?? []
    let isThere = true
    const list = {
      remove() {
        isThere = false
      },
    }
    let come: (event: { persisted: boolean }) => void = () => {}
    runInNewContext(script, {
      addEventListener: (type: string, listener: typeof come) => {
        if (type === 'pageshow') come = listener
      },
      document: { querySelectorAll: (selector: string) => (selector === 'ul.messages' ? [list] : []) },
    })
    come({ persisted: false })
    expect(isThere).toBe(true)
    come({ persisted: true })
    expect(isThere).toBe(false)
  })
})
