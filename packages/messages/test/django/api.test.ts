import fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import { describe, expect, it, onTestFinished } from 'vitest'
import { fastifyMessages, MessageFailure } from '../../src/fastify.ts'
import { LEVELS, MemoryMessageStore } from '../../src/index.ts'
import { TEMPLATES, template } from '../fastify-app.ts'
import { textsOf, visit } from './visit.ts'

const SHORTCUTS = ['debug', 'info', 'success', 'warning', 'error'] as const
const FIXED_TEXT =
  'A message needs somebody to show it to: register @fastify/session before the messages plugin, or log in first'

/** Where messages can't work: nobody is logged in, and nothing tells one browser from another. */
async function withoutSession(handle: (request: FastifyRequest, reply: FastifyReply) => unknown) {
  const store = new MemoryMessageStore()
  const app = fastify()
  onTestFinished(() => app.close())
  await app.register(fastifyMessages, { store, owner: () => undefined, level: LEVELS.DEBUG })
  app.post('/', async (request, reply) => handle(request, reply))
  app.get('/', async (request, reply) => {
    return reply.type('text/html').send(`${(await request.messages.view()).length} messages`)
  })
  return { app, store, post: () => app.inject({ method: 'POST', url: '/' }) }
}

/** What a library that wraps requests hands on: everything of the request, by another object. */
const wrapped = (request: FastifyRequest) =>
  new Proxy(request, { get: (target, property) => Reflect.get(target, property, target) })

const WRAPPERS = [
  { what: 'a request', wrap: (request: FastifyRequest) => request, numbers: ['C41', 'C42', 'C43', 'C44'] },
  { what: 'a wrapped request', wrap: wrapped, numbers: ['C45', 'C46', 'C47', 'C48'] },
] as const

describe.each(WRAPPERS)('Django of adding by $what', ({ wrap, numbers: [ok, none, missing, silently] }) => {
  it(`${ok}: what is added reaches the store`, async () => {
    const { during, next } = await visit(new MemoryMessageStore(), { level: LEVELS.DEBUG })
    await during((_, request) => wrap(request).messages.add(LEVELS.DEBUG, 'A message.'))
    expect(await next()).toEqual(['A message.'])
  })

  it(`${none}: nothing but a request has messages`, async () => {
    const { during, next } = await visit(new MemoryMessageStore())
    const attempt = during((_, request) =>
      (wrap(request).raw as unknown as FastifyRequest).messages.info('x'),
    )
    await expect(attempt).rejects.toThrow(TypeError)
    expect(await next()).toEqual([])
  })

  it(`${missing}: where messages can't work, adding fails with a fixed text, and stores nothing`, async () => {
    let failure: unknown
    const { post, app } = await withoutSession(request => {
      try {
        wrap(request).messages.info('To whom?')
      } catch (err) {
        failure = err
      }
      return 'done'
    })
    await post()
    expect(failure).toBeInstanceOf(MessageFailure)
    expect(failure).toMatchObject({ message: FIXED_TEXT, code: 'TIDINGS_NOBODY_TO_SHOW' })
    expect((await app.inject('/')).body).toBe('0 messages')
  })

  it(`${silently}: there, with failSilently, nothing is stored and nothing fails`, async () => {
    const { post, app } = await withoutSession(request => {
      wrap(request).messages.info('To whom?', { failSilently: true })
      return 'done'
    })
    expect((await post()).body).toBe('done')
    expect((await app.inject('/')).body).toBe('0 messages')
  })
})

describe('Django of an application in which messages can not work', () => {
  it.each(SHORTCUTS)('C25: %s fails with the error that is for this alone', async shortcut => {
    const { post } = await withoutSession(request => {
      expect(() => request.messages[shortcut]('x')).toThrow(MessageFailure)
      expect(() => request.messages.add(LEVELS.INFO, 'x')).toThrow(MessageFailure)
      return 'tried'
    })
    expect((await post()).body).toBe('tried')
  })

  it('C25: without the plugin a request has no messages at all', async () => {
    const app = fastify()
    onTestFinished(() => app.close())
    app.post('/', async request => ('messages' in request ? 'some' : 'none'))
    expect((await app.inject({ method: 'POST', url: '/' })).body).toBe('none')
  })

  it('C26: with failSilently the redirect works, and the page has no messages', async () => {
    const { post, app } = await withoutSession((request, reply) => {
      for (const shortcut of SHORTCUTS) request.messages[shortcut]('x', { failSilently: true })
      return reply.redirect('/', 303)
    })
    const { statusCode, headers } = await post()
    expect([statusCode, headers.location]).toEqual([303, '/'])
    expect((await app.inject('/')).body).toBe('0 messages')
  })

  it('C49: a request that never asks for messages is answered', async () => {
    const { app } = await withoutSession(() => 'done')
    app.get('/other', async () => 'other')
    expect((await app.inject('/other')).body).toBe('other')
  })

  it('C61: the failure for want of a session says which plugin is missing, and where it goes', async () => {
    const { post } = await withoutSession(request => request.messages.info('x'))
    const { statusCode, body } = await post()
    expect([statusCode, JSON.parse(body).message]).toEqual([500, FIXED_TEXT])
  })
})

describe('Django of whoever visits without an account', () => {
  it('rows 13, 23: adding works for a visitor, too', async () => {
    const { app } = await visit(new MemoryMessageStore(), {}, app =>
      app.get('/both', (request, reply) => {
        request.messages.info('Here.')
        return reply.view(template(TEMPLATES.page))
      }),
    )
    expect((await app.inject('/both')).body).toContain('>Here.<')
  })

  it('row 34: un-consuming keeps what was read', async () => {
    const { during, next } = await visit(new MemoryMessageStore())
    await during(async messages => {
      messages.info('Kept.')
      textsOf(await messages.view())
      messages.keep()
    })
    expect(await next()).toEqual(['Kept.'])
  })
})
