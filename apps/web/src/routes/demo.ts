import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import { renderPage } from '../page.ts'
import { userOf } from '../plugins/access.ts'

/** `GET /add_messages/`: adds a greeting and an alert for this browser, to be seen on the next page that it opens. */
export const demoRoutes: FastifyPluginAsync = async app => {
  app.get('/add_messages/', { config: { messages: false } }, async (request, reply) => {
    const { username } = userOf(request)
    const added = isLookedAt(request)
    if (added) {
      request.messages.info(`Hello, ${username}. Welcome to Tidings.`)
      request.messages.warning('This is an alert: something may need your attention.')
    }
    return renderPage(request, reply, 'add-messages', { added }, { title: 'Messages added' })
  })
}

// Browsers fetch some pages ahead, in case that somebody opens them: nobody has asked for anything yet.
function isLookedAt({ method, headers }: FastifyRequest): boolean {
  const purpose = `${headers['sec-purpose'] ?? ''} ${headers.purpose ?? ''} ${headers['x-moz'] ?? ''}`
  return method === 'GET' && !/prefetch|prerender|preview/i.test(purpose)
}
