import fastifyPlugin from 'fastify-plugin'

/** One line in the log for each request: without its query, which may hold what isn't the log's business. */
export const requestLog = fastifyPlugin(async app => {
  app.addHook('onResponse', async (request, reply) => {
    const { method, routeOptions, originalUrl, user } = request
    const line = {
      method,
      path: originalUrl.split('?', 1)[0]?.slice(0, 200),
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime),
      user: user?.id,
    }
    const isQuiet = routeOptions.config.quiet === true && reply.statusCode < 400
    request.log[isQuiet ? 'debug' : 'info'](line, 'request')
  })
})

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Requests that would only fill the log: health checks, the stylesheet. */
    quiet?: boolean
  }
}
