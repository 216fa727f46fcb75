import fastifyCookie from '@fastify/cookie'
import fastifySession from '@fastify/session'
import fastifyView from '@fastify/view'
import { RedisMessageStore } from '@tidings/messages'
import { fastifyMessages } from '@tidings/messages/fastify'
import fastify, { type FastifyInstance } from 'fastify'
import type { Redis } from 'ioredis'
import pug from 'pug'

declare module 'fastify' {
  interface Session {
    userId?: string
  }
}

export async function buildApp(redis: Redis): Promise<FastifyInstance> {
  const app = fastify()
  await app.register(fastifyCookie)
  await app.register(fastifySession, {
    secret: 'at least thirty-two characters of your own',
    saveUninitialized: false,
    cookie: { secure: 'auto' },
  })
  await app.register(fastifyView, { engine: { pug }, root: import.meta.dirname })

  const store = new RedisMessageStore({ redis })
  await app.register(fastifyMessages, { store, owner: request => request.session.get('userId') })

  app.post('/profile', async (request, reply) => {
    request.messages.success('Profile saved.', { extraTags: 'profile' })
    return reply.redirect('/profile', 303) // "Profile saved." waits in Redis before this leaves
  })
  app.get('/profile', (_, reply) => reply.view('profile.pug')) // shown here, once
  return app
}
