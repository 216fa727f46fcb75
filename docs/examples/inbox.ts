import type { MessageStore } from '@tidings/messages'
import type { FastifyInstance } from 'fastify'

// The last 100 messages of whoever is logged in, shown or not. Looking consumes nothing.
export function addInbox(app: FastifyInstance, store: MessageStore): void {
  app.get('/inbox', { config: { messages: false } }, async (request, reply) => {
    const owner = request.session.get('userId')
    if (!owner) return reply.code(401).send()
    const [inbox, dropped] = await Promise.all([store.inbox(owner), store.dropped(owner)])
    const shown = inbox.map(message => request.messages.asShown(message))
    return reply.view('inbox.pug', { inbox: shown, dropped })
  })
  app.post<{ Body: { ids: string | string[] } }>('/inbox/read', async (request, reply) => {
    const owner = request.session.get('userId')
    if (!owner) return reply.code(401).send()
    await store.read({ owner }, [request.body.ids].flat()) // what the page listed; what came later stays unread
    return reply.redirect('/inbox', 303)
  })
  app.post<{ Body: { id: string } }>('/inbox/dismiss', async (request, reply) => {
    const owner = request.session.get('userId')
    if (!owner) return reply.code(401).send()
    await store.dismiss(owner, request.body.id)
    return reply.redirect('/inbox', 303)
  })
}
