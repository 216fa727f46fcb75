import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import fastifyCsrfProtection from '@fastify/csrf-protection'
import type { MessageStore } from '@tidings/messages'
import { liveMessages, readerMark } from '@tidings/messages/fastify'
import type { FastifyInstance, FastifyRequest } from 'fastify'

const ownerOf = (request: FastifyRequest) => request.session.get('userId')

export async function addLiveMessages(app: FastifyInstance, store: MessageStore): Promise<void> {
  await app.register(fastifyCsrfProtection, { sessionPlugin: '@fastify/session' })
  await app.register(liveMessages, { store, owner: ownerOf, preHandler: app.csrfProtection })

  const script = await readFile(fileURLToPath(import.meta.resolve('@tidings/messages/live.js')))
  app.get('/live.js', (_, reply) => reply.type('text/javascript').send(script))

  app.get('/live', (request, reply) =>
    reply.view('live.pug', { csrf: reply.generateCsrf(), reader: readerMark(ownerOf(request)) }),
  )
}
