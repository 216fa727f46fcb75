import type { ServerResponse } from 'node:http'
import fastifyPlugin from 'fastify-plugin'
import { SessionWatch, type SessionWatchOptions } from '../session-watch.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** A GET of it is answered by a stream, which ends with the session that asked for it. */
    isStream?: boolean
  }
}

const SECOND = 1000
// So long a client may take for the last bytes of a stream that ends.
const LAST_BYTES = SECOND / 2

/** Ends open streams when the session has ended by which they were opened, or what its user may has changed. */
export const streamEnds = fastifyPlugin<SessionWatchOptions>(async (app, options) => {
  const watch = new SessionWatch(options)
  app.addHook('onClose', async () => watch.close())
  app.addHook('onRequest', async (request, { raw }) => {
    const { user, session, method, routeOptions } = request
    if (routeOptions.config.isStream !== true || method !== 'GET' || user === undefined) return
    const { sessionId } = session
    raw.once('close', watch.watch({ sessionId, user, end: () => end(raw) }))
  })
})

// A request that isn't answered yet is looked at once more when it is.
function end(response: ServerResponse): void {
  if (!response.headersSent || response.writableEnded) return
  // Whose session it was comes back, and is told that there is nothing for them.
  response.end(`retry: ${Math.round(SECOND * (0.5 + 1.5 * Math.random()))}\n\n`)
  const given = setTimeout(() => response.destroy(), LAST_BYTES)
  response.once('close', () => clearTimeout(given))
}
