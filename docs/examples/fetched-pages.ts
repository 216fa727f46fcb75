import type { MessageStore } from '@tidings/messages'
import { fastifyMessages, isPrefetch, opensPage } from '@tidings/messages/fastify'
import type { FastifyInstance } from 'fastify'

/** For a site whose links are followed by a script (htmx, Turbo), which fetches the next page. */
export async function addMessages(app: FastifyInstance, store: MessageStore): Promise<void> {
  await app.register(fastifyMessages, {
    store,
    owner: request => request.session.get('userId'),
    consumes: request =>
      request.headers['hx-boosted'] === 'true' ? !isPrefetch(request.headers) : opensPage(request),
    limit: 3,
    timeout: 200,
    views: ['view', 'viewAsync'],
    development: false,
  })
}
