import { isPrefetch } from '@tidings/messages/fastify'
import type { FastifyPluginAsync } from 'fastify'
import { renderPage } from '../page.ts'
import { userOf } from '../plugins/access.ts'

/** `GET /add_messages/`: adds a greeting and an alert for this browser, to be seen on the next page that it opens. */
export const demoRoutes: FastifyPluginAsync = async app => {
  app.get('/add_messages/', { config: { messages: false } }, async (request, reply) => {
    const { username } = userOf(request)
    const added = request.method === 'GET' && !isPrefetch(request.headers)
    if (added) {
      request.messages.info(`Hello, ${username}. Welcome to Tidings.`)
      request.messages.warning('This is an alert: something may need your attention.')
    }
    return renderPage(request, reply, 'add-messages', { added }, { title: 'Messages added' })
  })
}
