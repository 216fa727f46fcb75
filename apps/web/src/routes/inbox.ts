import type { InboxMessage, MessageStore } from '@tidings/messages'
import type { FastifyPluginAsync } from 'fastify'
import { levelWord } from '../level-word.ts'
import { renderPage } from '../page.ts'
import { userOf } from '../plugins/access.ts'
import { shownTime } from '../shown-time.ts'

/** `GET /inbox`: one's last messages, read and unread. Looking at them here consumes nothing. */
export const inboxRoutes: FastifyPluginAsync<{ store: Pick<MessageStore, 'inbox'> }> = async (
  app,
  { store },
) => {
  app.get('/inbox', { config: { messages: false } }, async (request, reply) => {
    const inbox = await store.inbox(userOf(request).id)
    const unread = inbox.filter(message => message.unread).length
    return renderPage(
      request,
      reply,
      'inbox',
      { inbox: inbox.map(messageInInbox), unread },
      { title: 'Inbox' },
    )
  })
}

function messageInInbox({ id, text, level, tags, link, time, unread }: InboxMessage) {
  return { id, text, word: levelWord(level), tags, link, unread, time: shownTime(time) }
}
