import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import cookie from '@fastify/cookie'
import session from '@fastify/session'
import view from '@fastify/view'
import fastify, { type FastifyInstance, type FastifyRequest, type InjectOptions } from 'fastify'
import pug from 'pug'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { testRedis } from '../../../test/redis.ts'
import { fastifyMessages } from '../src/fastify.ts'
import { error, info, type MessageStore, RedisMessageStore } from '../src/index.ts'

declare module 'fastify' {
  interface Session {
    userId?: string
  }
}

const { redis, prefix } = testRedis()
const store = new RedisMessageStore({ redis, prefix })
const ownerOf = (request: FastifyRequest) => request.session.get('userId')

const TEMPLATES: Record<string, string> = {
  page: 'if messages.length\n  ul.messages\n    each message in messages\n      li(class=message.tags data-message-id=message.id)= message.text\np= messages.more',
  looks: 'p #{messages.length} messages',
  errorsOnly: 'each message in messages\n  if message.level >= 40\n    p= message.text',
  broken: 'each message in messages\n  p= message.text\np= nothing.at.all',
  // More than the system's own buffers hold, so that the page can't be on its way as a whole.
  big: `each message in messages\n  p= message.text\npre= '${'x'.repeat(12_000_000)}'`,
}

async function build(
  overrides: Partial<Parameters<typeof fastifyMessages>[1]> = {},
): Promise<FastifyInstance> {
  const app = fastify()
  await app.register(cookie)
  await app.register(session, {
    secret: 'a secret of at least thirty-two characters',
    cookie: { secure: false },
    saveUninitialized: false,
  })
  await app.register(view, { engine: { pug }, root: new URL('.', import.meta.url).pathname })
  await app.register(fastifyMessages, { store, owner: ownerOf, ...overrides })
  // Templates by name, so that each test shows its own on one screen.
  app.get<{ Params: { name: string } }>('/view/:name', (request, reply) =>
    reply.view({ raw: TEMPLATES[request.params.name] } as never),
  )
  app.get('/quiet', { config: { messages: false } }, (_, reply) =>
    reply.view({ raw: TEMPLATES.page } as never),
  )
  app.get('/json', async () => ({ ok: true }))
  app.get('/redirect', (_, reply) => reply.redirect('/view/page', 303))
  app.get('/missing', (_, reply) => reply.code(404).view({ raw: TEMPLATES.page } as never))
  app.post<{ Querystring: { text: string; to?: string } }>('/add', async (request, reply) => {
    request.messages.success(request.query.text, { extraTags: 'saved' })
    return reply.redirect(request.query.to ?? '/view/page', 303)
  })
  app.post<{ Querystring: { text: string } }>('/add-and-show', async (request, reply) => {
    request.messages.info(request.query.text)
    return reply.view({ raw: TEMPLATES.page } as never)
  })
  app.post('/fail', async request => {
    request.messages.warning('Half of it is done.')
    throw new Error('no')
  })
  app.post<{ Params: { user: string } }>('/login/:user', async (request, reply) => {
    await request.session.regenerate(['messages'])
    request.session.set('userId', request.params.user)
    return reply.send('ok')
  })
  app.post('/logout', async (request, reply) => {
    await request.session.regenerate()
    return reply.send('ok')
  })
  return app
}

/** A browser: it keeps its cookie. */
function browser(app: FastifyInstance) {
  let cookies: Record<string, string> = {}
  const send = async (options: InjectOptions) => {
    const response = await app.inject({ cookies, ...options })
    for (const { name, value } of response.cookies) cookies = { ...cookies, [name]: value }
    return response
  }
  return {
    get: (url: string, headers: Record<string, string> = {}) => send({ method: 'GET', url, headers }),
    head: (url: string) => send({ method: 'HEAD', url }),
    post: (url: string) => send({ method: 'POST', url }),
    cookie: () =>
      Object.entries(cookies)
        .map(([name, value]) => `${name}=${value}`)
        .join('; '),
    async texts(url = '/view/page') {
      const { body } = await this.get(url)
      return [...body.matchAll(/<li[^>]*>(.*?)<\/li>/g)].map(([, text]) => text)
    },
  }
}

let app: FastifyInstance
beforeAll(async () => {
  app = await build()
})
afterAll(() => app.close())

let users = 0
async function loggedIn(on = app) {
  const owner = `user-${++users}`
  const user = browser(on)
  await user.post(`/login/${owner}`)
  return { ...user, owner }
}

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
    ['HEAD', (user: ReturnType<typeof browser>) => user.head('/view/page')],
    [
      'a prefetch',
      (user: ReturnType<typeof browser>) => user.get('/view/page', { 'sec-purpose': 'prefetch' }),
    ],
    [
      'a prerender',
      (user: ReturnType<typeof browser>) => user.get('/view/page', { 'sec-purpose': 'prefetch;prerender' }),
    ],
    [
      'an old prefetch',
      (user: ReturnType<typeof browser>) => user.get('/view/page', { purpose: 'prefetch' }),
    ],
    ['fetch()', (user: ReturnType<typeof browser>) => user.get('/view/page', { 'sec-fetch-dest': 'empty' })],
    ['a frame', (user: ReturnType<typeof browser>) => user.get('/view/page', { 'sec-fetch-dest': 'iframe' })],
    [
      'XMLHttpRequest',
      (user: ReturnType<typeof browser>) => user.get('/view/page', { 'x-requested-with': 'XMLHttpRequest' }),
    ],
    ['JSON', (user: ReturnType<typeof browser>) => user.get('/json')],
    ['a redirect', (user: ReturnType<typeof browser>) => user.get('/redirect')],
    ['an error page', (user: ReturnType<typeof browser>) => user.get('/missing')],
    ['a failing template', (user: ReturnType<typeof browser>) => user.get('/view/broken')],
    ['a route that asks for none', (user: ReturnType<typeof browser>) => user.get('/quiet')],
  ])('%s', async (_, look) => {
    const alice = await loggedIn()
    await store.post(alice.owner, info('precious'))
    const { body } = await look(alice)
    expect(body).not.toContain('precious')
    await expect.poll(() => alice.texts()).toEqual(['precious'])
  })
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

  it('records nothing below its level, and no empty text', async () => {
    const quiet = await build({ level: 30 })
    const alice = await loggedIn(quiet)
    await alice.post('/add?text=Too%20low.')
    expect(await alice.texts()).toEqual([])
    await alice.post('/add?text=')
    expect(await alice.texts()).toEqual([])
    await quiet.close()
  })
})

describe('when the store is down', () => {
  const away = () => Promise.reject(new Error('down'))
  const down: MessageStore = {
    post: away,
    claim: away,
    confirm: away,
    release: away,
    unread: away,
    read: away,
    inbox: away,
    dismiss: away,
    broadcast: away,
    withdraw: away,
    broadcasts: away,
    watch: away,
  }

  it('renders the page without messages, and a finished action stays finished', async () => {
    const broken = await build({ store: down })
    const alice = await loggedIn(broken)
    const page = await alice.get('/view/page')
    expect([page.statusCode, page.body]).toEqual([200, '<p>0</p>'])
    expect((await alice.post('/add?text=Saved.')).statusCode).toBe(303)
    await broken.close()
  })
})

describe('options', () => {
  it.each([
    ['no store', { store: undefined }, /store/],
    ['an owner that is no function', { owner: 'alice' }, /owner/],
    ['a limit of none', { limit: 0 }, /limit/],
  ])('refuses %s when it is registered', async (_, fault, message) => {
    await expect(build(fault as never)).rejects.toThrow(message)
  })
})
