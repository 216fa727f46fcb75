import { EventEmitter, once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { connect as connectHttp2, constants } from 'node:http2'
import { type AddressInfo, connect } from 'node:net'
import view from '@fastify/view'
import fastify, { type FastifyInstance } from 'fastify'
import pug from 'pug'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { testRedis } from '../../../test/redis.ts'
import { fastifyMessages } from '../src/fastify.ts'
import { error, info, RedisMessageStore } from '../src/index.ts'
import {
  browser,
  buildApp,
  loggedIn as loggedInOn,
  TEMPLATES,
  type TestBrowser,
  template,
  testApp,
} from './fastify-app.ts'

const { redis, prefix } = testRedis()
const store = new RedisMessageStore({ redis, prefix })

function routes(app: FastifyInstance) {
  app.get('/quiet', { config: { messages: false } }, (_, reply) => reply.view(template(TEMPLATES.page)))
  app.get('/json', async () => ({ ok: true }))
  app.get('/redirect', (_, reply) => reply.redirect('/view/page', 303))
  app.get('/missing', (_, reply) => reply.code(404).view(template(TEMPLATES.page)))
  app.get('/unchanged', async (_, reply) => {
    await reply.viewAsync(template(TEMPLATES.page))
    return reply.code(304).send()
  })
  app.get('/page-as-json', async (_, reply) => {
    const html = await reply.viewAsync(template(TEMPLATES.page))
    return reply.type('application/json').send({ html })
  })
  app.post<{ Querystring: { text: string } }>('/add-and-show', async (request, reply) => {
    request.messages.info(request.query.text)
    return reply.view(template(TEMPLATES.page))
  })
  app.post('/fail', async request => {
    request.messages.warning('Half of it is done.')
    throw new Error('no')
  })
}

let app: FastifyInstance
let users = 0
beforeAll(async () => {
  app = await buildApp({ store }, { routes })
})
afterAll(() => app.close())

const loggedIn = () => loggedInOn(app)

describe('a page', () => {
  it('shows what waits for its user once, escaped, with tags and id', async () => {
    const alice = await loggedIn()
    await store.post(alice.owner, error('<b>Failed</b> & done', { extraTags: 'import' }))
    const { body, headers } = await alice.get('/view/page')
    expect(body).toMatch(
      /<ul class="messages"><li class="import error" data-message-id="\d{16}">&lt;b&gt;Failed&lt;\/b&gt; &amp; done<\/li><\/ul>/,
    )
    expect(headers).toMatchObject({
      'cache-control': 'private, no-store',
      vary: expect.stringMatching(/cookie/i),
    })
    expect(await alice.texts()).toEqual([])
  })

  it('shows nobody else what waits for a user', async () => {
    const [alice, bob] = [await loggedIn(), await loggedIn()]
    await store.post(alice.owner, info('for Alice'))
    expect(await bob.texts()).toEqual([])
    expect(await browser(app).texts()).toEqual([])
    expect(await alice.texts()).toEqual(['for Alice'])
  })

  it('shows at most ten and says how many wait', async () => {
    const alice = await loggedIn()
    await store.post(
      alice.owner,
      Array.from({ length: 12 }, (_, i) => info(`m${i}`)),
    )
    const first = await alice.get('/view/page')
    expect(first.body).toContain('<p>2</p>')
    expect(await alice.texts()).toEqual(['m10', 'm11'])
  })

  it('does not consume what it only counts', async () => {
    const alice = await loggedIn()
    await store.post(alice.owner, info('still there'))
    expect((await alice.get('/view/looks')).body).toContain('1 messages')
    await expect.poll(() => alice.texts()).toEqual(['still there'])
  })

  it('consumes exactly what its template shows', async () => {
    const alice = await loggedIn()
    await store.post(alice.owner, [info('one'), error('two'), info('three')])
    expect((await alice.get('/view/errorsOnly')).body).toBe('<p>two</p>')
    await expect.poll(() => alice.texts()).toEqual(['one', 'three'])
  })
})

describe('what opens no page consumes nothing', () => {
  it.each([
    ['HEAD', (user: TestBrowser) => user.head('/view/page')],
    ['a prefetch', (user: TestBrowser) => user.get('/view/page', { 'sec-purpose': 'prefetch' })],
    ['a prerender', (user: TestBrowser) => user.get('/view/page', { 'sec-purpose': 'prefetch;prerender' })],
    ['an old prefetch', (user: TestBrowser) => user.get('/view/page', { purpose: 'prefetch' })],
    ['fetch()', (user: TestBrowser) => user.get('/view/page', { 'sec-fetch-dest': 'empty' })],
    ['a frame', (user: TestBrowser) => user.get('/view/page', { 'sec-fetch-dest': 'iframe' })],
    [
      'XMLHttpRequest',
      (user: TestBrowser) => user.get('/view/page', { 'x-requested-with': 'XMLHttpRequest' }),
    ],
    ['JSON', (user: TestBrowser) => user.get('/json')],
    ['a redirect', (user: TestBrowser) => user.get('/redirect')],
    ['304', (user: TestBrowser) => user.get('/unchanged')],
    ['an error page', (user: TestBrowser) => user.get('/missing')],
    ['a failing template', (user: TestBrowser) => user.get('/view/broken')],
    ['a route that asks for none', (user: TestBrowser) => user.get('/quiet')],
  ])('%s', async (_, look) => {
    const alice = await loggedIn()
    await store.post(alice.owner, info('precious'))
    const { body } = await look(alice)
    expect(body).not.toContain('precious')
    await expect.poll(() => alice.texts()).toEqual(['precious'])
  })
})

it('does not consume what a page shows that is then sent as JSON', async () => {
  const alice = await loggedIn()
  await store.post(alice.owner, info('for a script'))
  expect((await alice.get('/page-as-json')).json().html).toContain('for a script')
  await expect.poll(() => alice.texts()).toEqual(['for a script'])
})

describe('over a real connection', () => {
  let port: number
  beforeAll(async () => {
    await app.listen({ port: 0, host: '127.0.0.1' })
    port = (app.server.address() as AddressInfo).port
  })

  it('gives back the messages of a page whose reader went away in the middle', async () => {
    const alice = await loggedIn()
    await store.post(alice.owner, info('half seen'))
    const request = httpRequest({ port, path: '/view/big', headers: { cookie: alice.cookie() } })
    request.on('error', () => {})
    const [response] = await once(request.end(), 'response')
    await once(response, 'data')
    request.destroy()
    await expect.poll(() => alice.texts()).toEqual(['half seen'])
  })

  it('gives back the messages of a page that nobody read at all', async () => {
    const alice = await loggedIn()
    await store.post(alice.owner, info('not seen'))
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    socket.write(`GET /view/big HTTP/1.1\r\nHost: x\r\nCookie: ${alice.cookie()}\r\n\r\n`)
    await expect
      .poll(async () =>
        (await redis.hkeys(`${prefix}:reading:user:${alice.owner}`)).some(key => key.startsWith('claim:')),
      )
      .toBe(true)
    socket.destroy()
    await expect.poll(() => alice.texts()).toEqual(['not seen'])
  })

  it('takes nothing for a reader who went away before the page was rendered', async () => {
    const handler = new EventEmitter()
    const slow = await testApp(
      { store },
      {
        routes: app =>
          app.get('/slow', async (_, reply) => {
            handler.emit('begun')
            await once(reply.raw, 'close')
            await reply.view(template(TEMPLATES.page))
            handler.emit('rendered')
            return reply
          }),
      },
    )
    await slow.listen({ port: 0, host: '127.0.0.1' })
    const alice = await loggedInOn(slow)
    await store.post(alice.owner, info('not seen'))
    const socket = connect((slow.server.address() as AddressInfo).port, '127.0.0.1')
    await once(socket, 'connect')
    socket.write(`GET /slow HTTP/1.1\r\nHost: x\r\nCookie: ${alice.cookie()}\r\n\r\n`)
    await once(handler, 'begun')
    socket.destroy()
    await once(handler, 'rendered')
    expect(await alice.texts()).toEqual(['not seen'])
  })

  it('gives back the messages of a page whose handler took too long', async () => {
    const slow = await testApp(
      { store },
      {
        handlerTimeout: 100,
        routes: app =>
          app.get('/slow', async (request, reply) => {
            const html = await reply.viewAsync(template(TEMPLATES.page))
            await once(request.signal, 'abort')
            return reply.type('text/html').send(html)
          }),
      },
    )
    await slow.listen({ port: 0, host: '127.0.0.1' })
    const alice = await loggedInOn(slow)
    await store.post(alice.owner, info('not seen'))
    const { port } = slow.server.address() as AddressInfo
    const answer = await fetch(`http://127.0.0.1:${port}/slow`, { headers: { cookie: alice.cookie() } })
    expect(answer.status).toBe(503)
    await expect.poll(() => alice.texts()).toEqual(['not seen'])
  })

  it('confirms and releases over HTTP/2 as well', async () => {
    const secure = fastify({ http2: true })
    onTestFinished(() => secure.close())
    await secure.register(view, { engine: { pug }, root: import.meta.dirname })
    await secure.register(fastifyMessages, { store, owner: () => 'an owner over HTTP/2' })
    secure.get('/', (_, reply) => reply.view(template(TEMPLATES.page)))
    secure.get('/big', (_, reply) => reply.view(template(TEMPLATES.big)))
    await secure.listen({ port: 0, host: '127.0.0.1' })
    const session = connectHttp2(`http://127.0.0.1:${(secure.server.address() as AddressInfo).port}`)
    await store.post('an owner over HTTP/2', info('shown once'))
    const unread = async () => (await store.inbox('an owner over HTTP/2')).some(message => message.unread)

    const aborted = session.request({ ':path': '/big' })
    await once(aborted, 'data')
    aborted.close(constants.NGHTTP2_CANCEL)
    await expect
      .poll(async () => (await store.unread({ owner: 'an owner over HTTP/2' }, { limit: 1 })).messages)
      .toHaveLength(1)
    const page = session.request({ ':path': '/' })
    expect(String(Buffer.concat(await page.toArray()))).toContain('shown once')
    await expect.poll(unread).toBe(false)
    session.destroy()
  })

  it('shows each message on exactly one of many pages that are opened at once', async () => {
    const alice = await loggedIn()
    await store.post(
      alice.owner,
      Array.from({ length: 60 }, (_, i) => info(`m${i}`)),
    )
    const pages = await Promise.all(Array.from({ length: 12 }, () => alice.texts()))
    const seen = pages.flat()
    expect(new Set(seen).size).toBe(seen.length)
    while (seen.length < 60) {
      const more = await alice.texts()
      if (more.length === 0) break
      seen.push(...more)
    }
    expect(new Set(seen).size).toBe(60)
    expect(seen).toHaveLength(60)
  })
})

describe('request.messages', () => {
  it('waits for the next page of this browser, over a redirect, and not for another computer of the user', async () => {
    const alice = await loggedIn()
    const elsewhere = browser(app)
    await elsewhere.post(`/login/${alice.owner}`)
    await alice.post('/add?text=Saved.')
    expect(await elsewhere.texts()).toEqual([])
    expect((await alice.get('/view/page')).body).toContain('<li class="saved success"')
    expect(await alice.texts()).toEqual([])
    expect(await store.inbox(alice.owner)).toEqual([])
  })

  it('survives a chain of redirects', async () => {
    const alice = await loggedIn()
    await alice.post('/add?text=Saved.&to=/redirect')
    await alice.get('/redirect')
    expect(await alice.texts()).toEqual(['Saved.'])
  })

  it('is shown on the page of the same request, and then no more', async () => {
    const alice = await loggedIn()
    expect((await alice.post('/add-and-show?text=Here.')).body).toContain('Here.')
    expect(await alice.texts()).toEqual([])
  })

  it('is kept when the request fails after it', async () => {
    const alice = await loggedIn()
    expect((await alice.post('/fail')).statusCode).toBe(500)
    expect(await alice.texts()).toEqual(['Half of it is done.'])
  })

  it('reaches a visitor without an account, who had no session before', async () => {
    const visitor = browser(app)
    await visitor.get('/view/page')
    expect(visitor.cookie()).toBe('')
    await visitor.post('/add?text=Thank%20you.')
    expect(await visitor.texts()).toEqual(['Thank you.'])
    expect(await browser(app).texts()).toEqual([])
  })

  it('goes with a visitor who logs in, and never to the next user of the browser', async () => {
    const visitor = browser(app)
    await visitor.post('/add?text=For%20the%20visitor.')
    await visitor.post(`/login/user-${++users}`)
    expect(await visitor.texts()).toEqual(['For the visitor.'])
    await visitor.post('/add?text=For%20the%20first%20user.')
    await visitor.post(`/login/user-${++users}`)
    expect(await visitor.texts()).toEqual([])
  })
})

describe('options', () => {
  it.each([
    ['no store', { store: undefined }, /store/],
    ['an owner that is no function', { owner: 'alice' }, /owner/],
    ['a limit of none', { limit: 0 }, /limit/],
  ])('refuses %s when it is registered', async (_, fault, message) => {
    await expect(testApp({ store, ...fault } as never)).rejects.toThrow(message)
  })
})
