import type { FastifyInstance } from 'fastify'

export function addRestart(app: FastifyInstance): void {
  app.get('/restart', (request, reply) => {
    request.messages.keep() // this page reloads itself soon: what it shows is still unread then
    return reply.header('refresh', '5').view('profile.pug')
  })
}
