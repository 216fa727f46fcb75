import type { MessageStore } from '@tidings/messages'
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { formText } from '../form-text.ts'
import { inboxPage, inboxPath } from '../inbox-page.ts'
import { renderPage } from '../page.ts'
import { userOf } from '../plugins/access.ts'

const MAX_ID = 40

/**
 * `GET /inbox`: one's last messages, read and unread, or those of one `level`; looking at them here consumes nothing,
 * and nor does it count as said how many were dropped.
 * `POST /inbox/read` marks as read what there was when the page was opened, `POST /inbox/dismiss` takes one message out.
 */
export const inboxRoutes: FastifyPluginAsync<{
  store: Pick<MessageStore, 'inbox' | 'dropped' | 'read' | 'dismiss'>
}> = async (app, { store }) => {
  const config = { messages: false }
  app.get<{ Querystring: { level?: unknown } }>('/inbox', { config }, async (request, reply) => {
    const { id: owner, createdAt: since } = userOf(request)
    const [messages, dropped] = await Promise.all([store.inbox(owner, { since }), store.dropped(owner)])
    const inbox = messages.map(message => request.messages.asShown(message))
    const model = { ...inboxPage(inbox, request.query.level), dropped }
    return renderPage(request, reply, 'inbox', model, {
      title: 'Inbox',
      // What is listed here, or left out by the filter, is no news.
      live: { after: inbox[0]?.time },
    })
  })

  app.post('/inbox/read', async (request, reply) => {
    const { id: owner, createdAt: since } = userOf(request)
    // What came after the page was opened has been looked at by nobody.
    const newest = formText(request.body, 'newest', { max: MAX_ID })
    const known = (await store.inbox(owner, { since })).filter(({ id }) => id <= newest)
    await store.read(
      { owner, since },
      known.map(({ id }) => id),
    )
    return backToInbox(request, reply)
  })

  app.post('/inbox/dismiss', async (request, reply) => {
    await store.dismiss(userOf(request).id, formText(request.body, 'id', { max: MAX_ID }))
    return backToInbox(request, reply)
  })
}

function backToInbox(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return reply.redirect(inboxPath(formText(request.body, 'level', { max: MAX_ID })), 303)
}
