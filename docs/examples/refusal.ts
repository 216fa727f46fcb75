import { checkMessage, info } from '@tidings/messages'
import { MessageFailure } from '@tidings/messages/fastify'
import type { FastifyInstance } from 'fastify'

export function addNotes(app: FastifyInstance): void {
  app.post<{ Body: { text: string; href: string } }>('/notes', async (request, reply) => {
    const { text, href } = request.body
    try {
      request.messages.info(text, { link: { href, text: 'Open' } })
      return reply.redirect('/profile', 303)
    } catch (error) {
      // Nobody is logged in, and the browser has no session: nobody could be shown it.
      if (error instanceof MessageFailure) return reply.code(409).send({ code: error.code })
      // "A message can't be posted: link.href: expected a path that begins with one "/", or an http(s) address"
      if (error instanceof TypeError) return reply.code(422).send({ message: error.message })
      throw error
    }
  })
  app.post<{ Body: { text: string } }>('/quiet-notes', async (request, reply) => {
    checkMessage(info(request.body.text)) // throws the same TypeError, and posts nothing
    request.messages.info(request.body.text, { failSilently: true })
    return reply.redirect('/profile', 303)
  })
}
