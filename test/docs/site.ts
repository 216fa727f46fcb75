import { join } from 'node:path'
import fastifyCookie from '@fastify/cookie'
import fastifyFormbody from '@fastify/formbody'
import fastifySession from '@fastify/session'
import fastifyView, { type FastifyViewOptions } from '@fastify/view'
import type { MessageStore } from '@tidings/messages'
import { fastifyMessages } from '@tidings/messages/fastify'
import fastify, { type FastifyInstance, type InjectOptions, type LightMyRequestResponse } from 'fastify'
import pug from 'pug'
import { onTestFinished } from 'vitest'
// What it says of sessions holds for all examples.
import type {} from '../../docs/examples/messages.ts'

export interface Site {
  app: FastifyInstance
  /** Sends a request by a browser that keeps its cookies. */
  send(options: InjectOptions): Promise<LightMyRequestResponse>
  /** Logs the browser in. */
  login(user: string): Promise<void>
  /** What the browser would send. */
  cookie(): string
}

/** An application around an example, for one test: sessions, forms, the examples' own views, and one browser. */
export async function siteWith(
  addTo: (app: FastifyInstance) => unknown,
  options: FastifyViewOptions = { engine: { pug } },
): Promise<Site> {
  const app = fastify()
  onTestFinished(() => app.close())
  await app.register(fastifyCookie)
  await app.register(fastifyFormbody)
  await app.register(fastifySession, {
    secret: 'a secret of at least thirty-two characters',
    saveUninitialized: false,
    cookie: { secure: false },
  })
  await app.register(fastifyView, { root: join(import.meta.dirname, '../../docs/examples'), ...options })
  await addTo(app)
  if (!app.hasRoute({ method: 'GET', url: '/profile' }))
    app.get('/profile', (_, reply) => reply.view('profile.pug'))
  app.post<{ Params: { user: string } }>('/as/:user', async (request, reply) => {
    await request.session.regenerate(['messages'])
    request.session.set('userId', request.params.user)
    return reply.send('ok')
  })

  let cookies: Record<string, string> = {}
  const send = async (request: InjectOptions) => {
    const response = await app.inject({ cookies, ...request })
    for (const { name, value } of response.cookies) cookies = { ...cookies, [name]: value }
    return response
  }
  return {
    app,
    send,
    async login(user) {
      await send({ method: 'POST', url: `/as/${user}` })
    },
    cookie: () =>
      Object.entries(cookies)
        .map(pair => pair.join('='))
        .join('; '),
  }
}

/** The plugin as most examples have it. */
export async function addMessages(app: FastifyInstance, store: MessageStore): Promise<void> {
  await app.register(fastifyMessages, { store, owner: request => request.session.get('userId') })
}
