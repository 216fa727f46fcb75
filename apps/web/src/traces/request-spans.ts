import {
  context,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api'
import type { FastifyInstance, FastifyRequest } from 'fastify'

/**
 * A span for each request, in which its handler runs. Not for what only fills a log, nor for streams, which are open as long as a
 * page is. It says the route and never the address: a path or a query may hold what is nobody's business.
 */
export function followRequests(app: FastifyInstance, tracer: Tracer, isTrusted: boolean): void {
  app.addHook('onRequest', (request, reply, done) => {
    const { url: route } = request.routeOptions
    if (isQuiet(request)) return done()
    const parent = isTrusted ? propagation.extract(ROOT_CONTEXT, request.headers) : ROOT_CONTEXT
    const span = tracer.startSpan(
      route === undefined ? request.method : `${request.method} ${route}`,
      {
        kind: SpanKind.SERVER,
        attributes: {
          'http.request.method': request.method,
          ...(route !== undefined && { 'http.route': route }),
        },
      },
      parent,
    )
    reply.raw.once('close', () => {
      span.setAttribute('http.response.status_code', reply.raw.statusCode)
      if (reply.raw.statusCode >= 500) span.setStatus({ code: SpanStatusCode.ERROR })
      span.end()
    })
    context.with(trace.setSpan(parent, span), done)
  })
}

function isQuiet({ method, routeOptions }: FastifyRequest): boolean {
  return routeOptions.config.quiet === true && (method === 'GET' || method === 'HEAD')
}
