import type { FastifyInstance } from 'fastify'
import { describe, expect, it } from 'vitest'
import { info, MemoryMessageStore } from '../../src/index.ts'
import { browser, TEMPLATES, template } from '../fastify-app.ts'
import { textsOf, visit } from './visit.ts'

// Not in Django yet: what its ticket 19649 asks for.
describe('Django of pages in a cache', () => {
  const routes = (app: FastifyInstance) => {
    const cached = { 'cache-control': 'public, max-age=60', vary: 'Accept' }
    app.get('/iterates', async (request, reply) => {
      textsOf(await request.messages.view())
      return reply.headers(cached).type('text/html').send('<p>a page</p>')
    })
    app.get('/counts', (_, reply) => reply.headers(cached).view(template(TEMPLATES.looks)))
    app.get('/asks', async (request, reply) => {
      const messages = await request.messages.view()
      return reply
        .headers(cached)
        .type('text/html')
        .send(0 in messages ? 'some' : 'none')
    })
    app.get('/never', async (_, reply) => reply.headers(cached).type('text/html').send('<p>a page</p>'))
    app.post('/adds', async (request, reply) => {
      request.messages.info('Saved.')
      return reply.headers(cached).type('text/html').send('<p>a page</p>')
    })
  }

  it.each(['/iterates', '/counts', '/asks'])(
    'PR1 to PR8: %s varies by the cookie and is stored by nobody',
    async url => {
      const { store, owner, user, app } = await visit(new MemoryMessageStore(), {}, routes)
      await store.post(owner, info('for one'))
      for (const who of [user, browser(app)]) {
        expect((await who.get(url)).headers).toMatchObject({
          'cache-control': 'private, no-store',
          vary: 'Accept, Cookie',
        })
      }
    },
  )

  it.each(['/never', '/adds'])(
    'PR9 to PR12: %s, which never looks, stays as cacheable as it was',
    async url => {
      const { user } = await visit(new MemoryMessageStore(), {}, routes)
      const { headers } = await user.send({ method: url === '/adds' ? 'POST' : 'GET', url })
      expect(headers).toMatchObject({ 'cache-control': 'public, max-age=60', vary: 'Accept' })
    },
  )
})
