import type { InboxMessage, MessageStore } from '@tidings/messages'
import type { FastifyPluginAsync } from 'fastify'
import { formText } from '../form-text.ts'
import { levelWord } from '../level-word.ts'
import { renderPage } from '../page.ts'
import { userOf } from '../plugins/access.ts'
import { shownTime } from '../shown-time.ts'

const MAX_ID = 40

/**
 * `GET /inbox`: one's last messages, read and unread; looking at them here consumes nothing. `POST /inbox/read` marks as
 * read what was listed, `POST /inbox/dismiss` takes one message out.
 */
export const inboxRoutes: FastifyPluginAsync<{
  store: Pick<MessageStore, 'inbox' | 'read' | 'dismiss'>
}> = async (app, { store }) => {
  app.get('/inbox', { config: { messages: false } }, async (request, reply) => {
    const { id: owner, createdAt: since } = userOf(request)
    const inbox = await store.inbox(owner, { since })
    const model = {
      inbox: inbox.map(messageInInbox),
      unread: inbox.filter(message => message.unread).length,
      newest: inbox[0]?.id,
    }
    return renderPage(request, reply, 'inbox', model, { title: 'Inbox' })
  })

  app.post('/inbox/read', async (request, reply) => {
    const { id: owner, createdAt: since } = userOf(request)
    // What came after the page was opened has been looked at by nobody.
    const newest = formText(request.body, 'newest', { max: MAX_ID })
    const listed = (await store.inbox(owner, { since })).filter(({ id }) => id <= newest)
    await store.read(
      { owner, since },
      listed.map(({ id }) => id),
    )
    return reply.redirect('/inbox', 303)
  })

  app.post('/inbox/dismiss', async (request, reply) => {
    await store.dismiss(userOf(request).id, formText(request.body, 'id', { max: MAX_ID }))
    return reply.redirect('/inbox', 303)
  })
}

function messageInInbox({ id, text, level, tags, link, time, unread }: InboxMessage) {
  return { id, text, word: levelWord(level), tags, link, unread, time: shownTime(time) }
}
