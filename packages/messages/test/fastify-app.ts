import cookie from '@fastify/cookie'
import formbody from '@fastify/formbody'
import session from '@fastify/session'
import view from '@fastify/view'
import fastify, { type FastifyInstance, type FastifyRequest, type InjectOptions } from 'fastify'
import pug from 'pug'
import { onTestFinished } from 'vitest'
import { type FastifyMessagesOptions, fastifyMessages } from '../src/fastify.ts'
import type { MessageStore } from '../src/index.ts'

declare module 'fastify' {
  interface Session {
    userId?: string
  }
}

/** Who is logged in to a test's application. */
export const ownerOf = (request: FastifyRequest) => request.session.get('userId')

/** Pug templates that a test shows, each on one screen. */
export const TEMPLATES = {
  page: 'if messages.length\n  ul.messages\n    each message in messages\n      li(class=message.tags data-message-id=message.id)= message.text\np= messages.more',
  looks: 'p #{messages.length} messages',
  blind: 'p Nothing of messages here.',
  errorsOnly: 'each message in messages\n  if message.level >= 40\n    p= message.text',
  broken: 'each message in messages\n  p= message.text\np= nothing.at.all',
  // More than the system's own buffers hold, so that the page can't be on its way as a whole.
  big: `each message in messages\n  p= message.text\npre= '${'x'.repeat(12_000_000)}'`,
  counted: 'each message in messages\n  li(class=message.tags) #{message.text} × #{message.count}',
  levels: 'each number, name in levels\n  li #{name} #{number}',
}

/** What `reply.view` is given for one of these templates. */
export const template = (pugText: string) => ({ raw: pugText }) as never

export interface AppSetUp {
  /** What a test adds before the plugin is registered: its own hooks and plugins. */
  before?(app: FastifyInstance): unknown
  /** The routes of the test. */
  routes?(app: FastifyInstance): unknown
  /** Where lines of the log go. */
  log?: { level: number; msg: string }[]
  handlerTimeout?: number
}

/** An application with sessions, Pug and the plugin, as a user of it would write one. The test's own routes come last. */
export async function buildApp(
  options: Partial<FastifyMessagesOptions> & { store: MessageStore },
  { before, routes, log, handlerTimeout = 0 }: AppSetUp = {},
): Promise<FastifyInstance> {
  const stream = { write: (line: string) => log?.push(JSON.parse(line)) }
  const app = fastify({ logger: log ? { level: 'warn', stream } : false, handlerTimeout })
  await app.register(cookie)
  await app.register(formbody)
  await app.register(session, {
    secret: 'a secret of at least thirty-two characters',
    cookie: { secure: false },
    saveUninitialized: false,
  })
  await app.register(view, { engine: { pug }, root: import.meta.dirname })
  await before?.(app)
  await app.register(fastifyMessages, { owner: ownerOf, ...options })
  app.get<{ Params: { name: keyof typeof TEMPLATES } }>('/view/:name', (request, reply) =>
    reply.view(template(TEMPLATES[request.params.name])),
  )
  app.post<{ Querystring: { text: string; to?: string } }>('/add', async (request, reply) => {
    request.messages.success(request.query.text, { extraTags: 'saved' })
    return reply.redirect(request.query.to ?? '/view/page', 303)
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
  await routes?.(app)
  return app
}

/** The same for one test, after which it is closed. */
export async function testApp(...args: Parameters<typeof buildApp>): Promise<FastifyInstance> {
  const app = await buildApp(...args)
  onTestFinished(() => app.close())
  return app
}

/** A browser: it keeps its cookie. */
export function browser(app: FastifyInstance) {
  let cookies: Record<string, string> = {}
  const send = async (options: InjectOptions) => {
    const response = await app.inject({ cookies, ...options })
    for (const { name, value } of response.cookies) cookies = { ...cookies, [name]: value }
    return response
  }
  return {
    get: (url: string, headers: Record<string, string> = {}) => send({ method: 'GET', url, headers }),
    head: (url: string) => send({ method: 'HEAD', url }),
    post: (url: string, payload?: object) => send({ method: 'POST', url, payload }),
    send,
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

export type TestBrowser = ReturnType<typeof browser>

let users = 0

/** A browser in which somebody new has logged in. */
export async function loggedIn(app: FastifyInstance): Promise<TestBrowser & { owner: string }> {
  const owner = `user-${++users}`
  const user = browser(app)
  await user.post(`/login/${owner}`)
  return { ...user, owner }
}
