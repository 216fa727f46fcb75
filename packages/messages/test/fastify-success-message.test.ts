import type { FastifyInstance } from 'fastify'
import { describe, expect, it } from 'vitest'
import type { SuccessMessage } from '../src/fastify.ts'
import { MemoryMessageStore } from '../src/memory-message-store.ts'
import { browser, loggedIn, TEMPLATES, template, testApp } from './fastify-app.ts'

const store = new MemoryMessageStore()

function routes(successMessage: SuccessMessage) {
  const config = { successMessage }
  return (app: FastifyInstance) => {
    app.post('/', { config }, (_, reply) => reply.redirect('/view/page', 303))
    app.delete('/', { config }, async () => ({ deleted: true }))
    app.get('/', { config }, async () => 'read')
    app.post('/refused', { config }, (_, reply) => reply.code(422).send('no'))
    app.post('/failing', { config }, async () => {
      throw new Error('no')
    })
    app.post('/failing-oddly', { config }, async () => {
      throw { not: 'an error' }
    })
    app.post('/object', { config }, async () => ({ id: 7 }))
    app.post('/login', { config }, async (request, reply) => {
      await request.session.regenerate()
      request.session.set('userId', 'whoever logs in')
      return reply.redirect('/view/page', 303)
    })
    app.post('/page', { config }, (_, reply) => reply.view(template(TEMPLATES.page)))
    const guard = {
      preHandler: async (_: unknown, reply: { redirect(url: string): unknown }) => reply.redirect('/login'),
    }
    app.post('/guarded', { config, ...guard }, async () => 'never')
  }
}

async function visitor(successMessage: SuccessMessage, log?: { level: number; msg: string }[]) {
  return browser(await testApp({ store }, { routes: routes(successMessage), ...(log ? { log } : {}) }))
}

describe('successMessage', () => {
  it('is filled from the submitted form and shown on the next page', async () => {
    const user = await visitor('%(name)s was created.')
    await user.send({
      method: 'POST',
      url: '/',
      payload: 'name=Ann%20%26%20Bob',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    })
    const { body } = await user.get('/view/page')
    expect(body).toMatch(/<li class="success"[^>]*>Ann &amp; Bob was created\.<\/li>/)
    expect(await user.texts()).toEqual([])
  })

  it.each([
    ['%(a)s and %(b)s', { a: 1, b: true }, '1 and true'],
    ['%(missing)s!', { a: 'x' }, '!'],
    ['100 %% of %(a)s', { a: '%(b)s', b: 'no' }, '100 % of %(b)s'],
    ['%(tags)s', { tags: ['one', 'two'] }, 'one, two'],
    ['[%(deep)s%(none)s]', { deep: { no: 'way' }, none: null }, '[]'],
    ['[%(constructor)s%(__proto__)s]', {}, '[]'],
    ['<i>%(a)s</i>', { a: '<b>' }, '&lt;i&gt;&lt;b&gt;&lt;/i&gt;'],
    ['no form', undefined, 'no form'],
  ])('%s of %j says %s', async (successMessage, form, text) => {
    const user = await visitor(successMessage)
    await user.post('/', form)
    expect(await user.texts()).toEqual([text])
  })

  it('may be a function of request, reply and what the handler answered', async () => {
    const user = await visitor((request, reply, payload) =>
      [request.method, reply.statusCode, JSON.stringify(payload)].join(' '),
    )
    await user.post('/object')
    expect(await user.texts()).toEqual(['POST 200 {&quot;id&quot;:7}'])
    await user.post('/')
    expect(await user.texts()).toEqual(['POST 303 '])
  })

  it('says nothing where the text is empty', async () => {
    const user = await visitor('%(name)s')
    await user.post('/', {})
    expect(await user.texts()).toEqual([])
  })

  it.each(['/refused', '/failing', '/failing-oddly', '/guarded'])(
    'says nothing of what failed: %s',
    async url => {
      const user = await visitor('Done.')
      expect((await user.post(url)).statusCode).not.toBe(200)
      expect(await user.texts()).toEqual([])
    },
  )

  it('is for methods that change something', async () => {
    const user = await visitor('Done.')
    await user.get('/')
    await user.head('/')
    expect(await user.texts()).toEqual([])
    await user.send({ method: 'DELETE', url: '/' })
    expect(await user.texts()).toEqual(['Done.'])
  })

  it('waits for the next page where the route itself answers with one', async () => {
    const user = await visitor('Done.')
    expect((await user.post('/page')).body).toBe('<p>0</p>')
    expect(await user.texts()).toEqual(['Done.'])
  })

  it('reaches whoever has just logged in by this route', async () => {
    const user = await visitor('Welcome back, %(name)s.')
    await user.post('/login', { name: 'Ann' })
    expect(await user.texts()).toEqual(['Welcome back, Ann.'])
  })

  it('that throws is logged, and the action is done', async () => {
    const log: { level: number; msg: string }[] = []
    const user = await visitor(() => {
      throw new Error('no text')
    }, log)
    expect((await user.post('/')).statusCode).toBe(303)
    expect(log).toMatchObject([{ level: 50, msg: 'the successMessage of a route could not be made' }])
  })

  it('of a route that was there before the plugin does nothing, which is said once', async () => {
    const log: { level: number; msg: string }[] = []
    const app = await testApp({ store }, { log, before: routes('Done.') })
    const alice = await loggedIn(app)
    await alice.post('/object')
    await alice.post('/object')
    expect(await alice.texts()).toEqual([])
    expect(log).toMatchObject([
      {
        level: 40,
        url: '/object',
        msg: 'successMessage does nothing: register fastifyMessages before this route',
      },
    ])
  })
})
