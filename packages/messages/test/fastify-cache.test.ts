import etag from '@fastify/etag'
import type { FastifyInstance } from 'fastify'
import { describe, expect, it } from 'vitest'
import { info } from '../src/index.ts'
import { MemoryMessageStore } from '../src/memory-message-store.ts'
import { browser, loggedIn, TEMPLATES, template, testApp } from './fastify-app.ts'

const store = new MemoryMessageStore()
const page = template(TEMPLATES.page)

function cachedRoutes(app: FastifyInstance) {
  const headers = {
    'cache-control': 'public, max-age=60',
    'cdn-cache-control': 'max-age=600',
    vary: 'Accept-Language',
  }
  app.get('/shows', (_, reply) => reply.headers(headers).view(page))
  app.get('/counts', (_, reply) => reply.headers(headers).view(template(TEMPLATES.looks)))
  app.get('/blind', (_, reply) => reply.headers(headers).view(template(TEMPLATES.blind)))
  app.get('/quiet', { config: { messages: false } }, (_, reply) => reply.headers(headers).view(page))
  app.get('/everything', (_, reply) => reply.header('vary', '*').view(page))
  app.get('/cookies', (_, reply) => reply.header('vary', ['accept', 'cookie']).view(page))
  app.get('/late', { onSend: async (_, reply) => void reply.header('cache-control', 'public') }, (_, reply) =>
    reply.view(page),
  )
}

describe('a page on which messages were looked at', () => {
  it.each(['/shows', '/counts', '/late'])(
    'is private and not stored, whatever the route says: %s',
    async url => {
      const app = await testApp({ store }, { routes: cachedRoutes })
      const alice = await loggedIn(app)
      await store.post(alice.owner, info('for Alice'))
      for (const user of [alice, alice, browser(app)]) {
        const { headers } = await user.get(url)
        expect(headers).toMatchObject({
          'cache-control': 'private, no-store',
          vary: expect.stringMatching(/\bCookie$/),
        })
        expect(headers).not.toHaveProperty('cdn-cache-control')
      }
    },
  )

  it('keeps what the route says it varies by', async () => {
    const app = await testApp({ store }, { routes: cachedRoutes })
    expect((await app.inject('/shows')).headers.vary).toBe('Accept-Language, Cookie')
    expect((await app.inject('/everything')).headers.vary).toBe('*')
    expect((await app.inject('/cookies')).headers.vary).toEqual(['accept', 'cookie'])
  })

  it('stays private when a plugin for caching is registered later', async () => {
    const app = await testApp(
      { store },
      {
        routes: app => {
          cachedRoutes(app)
          app.addHook('onSend', async (_, reply) => void reply.header('cache-control', 's-maxage=600'))
        },
      },
    )
    expect((await app.inject('/shows')).headers['cache-control']).toBe('private, no-store')
    expect((await app.inject('/blind')).headers['cache-control']).toBe('s-maxage=600')
  })

  it('is private for what opens no page, too', async () => {
    const app = await testApp({ store }, { routes: cachedRoutes })
    const head = await app.inject({ method: 'HEAD', url: '/shows' })
    expect(head.headers['cache-control']).toBe('private, no-store')
  })
})

it.each(['/blind', '/quiet'])(
  'a page on which nobody looked at messages keeps its own headers: %s',
  async url => {
    const app = await testApp({ store }, { routes: cachedRoutes })
    const alice = await loggedIn(app)
    await store.post(alice.owner, info('for Alice'))
    expect((await alice.get(url)).headers).toMatchObject({
      'cache-control': 'public, max-age=60',
      'cdn-cache-control': 'max-age=600',
      vary: 'Accept-Language',
    })
    expect(await alice.texts()).toEqual(['for Alice'])
  },
)

describe.each(['before', 'after'] as const)('with @fastify/etag registered %s the plugin', when => {
  it('an unchanged page consumes nothing, and a page with messages is sent whole', async () => {
    const app = await testApp(
      { store },
      {
        before: app => (when === 'before' ? app.register(etag) : undefined),
        routes: app => (when === 'after' ? app.register(etag) : undefined),
      },
    )
    const alice = await loggedIn(app)
    const empty = await alice.get('/view/errorsOnly')
    await store.post(alice.owner, info('waits'))
    // The same page to the letter, as it shows only errors.
    const again = await alice.get('/view/errorsOnly', { 'if-none-match': String(empty.headers.etag) })
    expect([again.statusCode, again.headers['cache-control']]).toEqual([304, 'private, no-store'])
    const shown = await alice.get('/view/page', { 'if-none-match': String(empty.headers.etag) })
    expect([shown.statusCode, shown.body.includes('waits')]).toEqual([200, true])
    // Whoever repeats the request for that very page has it already.
    await store.post(alice.owner, info('waits'))
    expect(await alice.texts()).toEqual(['waits'])
  })
})
