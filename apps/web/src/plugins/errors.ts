import type { Socket } from 'node:net'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { type ErrorPage, errorPage } from '../error-page.ts'
import { formAgain } from '../form-again.ts'
import { notFound, PageError } from '../page-error.ts'
import { logSecurity } from '../security-log.ts'
import type { Views } from '../views.ts'
import { isUnsafe } from './own-site.ts'
import { leaveSession } from './session.ts'

const RETRY_AFTER_SECONDS = 5

/** Answers every error by a page of ours. The page needs neither Redis nor a session, and never holds an error's text. */
export const errors = fastifyPlugin<{ views: Views }>(async (app, { views }) => {
  app.setErrorHandler((error, request, reply) => answer(error, request, reply, views))
  app.setNotFoundHandler((request, reply) => answer(notFound(), request, reply, views))
})

/**
 * Answers what fails before a route is found, such as the address `/%zz`. No hook runs for it, so the headers that every
 * page has are taken from one that ran.
 */
export async function answerFrameworkError(
  app: FastifyInstance,
  views: Views,
  error: FastifyError,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const { headers } = await app.inject({ url: '/healthz', method: 'HEAD' })
  for (const [name, value] of Object.entries(headers)) {
    if (
      /^(content-security-policy|strict-transport-security|referrer-policy|cross-origin-|origin-agent|x-)/.test(
        name,
      )
    ) {
      reply.header(name, value)
    }
  }
  await answer(error, request, reply, views)
}

/** Answers what isn't HTTP at all, or too slow or too long to be read as a request. */
export function refuseConnection(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return
  const status = BROKEN[error.code ?? ''] ?? '400 Bad Request'
  const body =
    status === BROKEN.ERR_HTTP_REQUEST_TIMEOUT
      ? 'Your request did not arrive in time. Nothing was changed. Try again.\n'
      : 'We could not read that request.\n'
  if (socket.writable) {
    const head = [`HTTP/1.1 ${status}`, ...REFUSAL_HEADERS, `Content-Length: ${body.length}`]
    socket.write(`${head.join('\r\n')}\r\n\r\n${body}`)
  }
  socket.destroySoon()
}

// No plugin has a part in such an answer. It is text, so its policy needs nothing.
const REFUSAL_HEADERS = [
  'Content-Type: text/plain',
  'X-Content-Type-Options: nosniff',
  "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'",
  'X-Frame-Options: DENY',
  'Referrer-Policy: same-origin',
  'Cache-Control: private, no-store',
  'Connection: close',
]

const BROKEN: Record<string, string> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
}

async function answer(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  views: Views,
): Promise<FastifyReply> {
  const page = errorPage(error, { sentForm: isUnsafe(request.method) })
  logError(error, page, request)
  if (page.status === 503) leaveSession(request)
  reply.removeHeader('set-cookie')
  // Headers that belonged to what was to be sent instead.
  for (const name of ['content-length', 'content-disposition', 'etag', 'last-modified'])
    reply.removeHeader(name)
  reply.code(page.status).header('cache-control', 'private, no-store')
  if (page.status === 503 || page.status === 429) reply.header('retry-after', retryAfter(error))
  if (wantsJson(request)) {
    return reply
      .type('application/json; charset=utf-8')
      .serializer(JSON.stringify)
      .send({
        error: page.title,
        message: `${page.text} ${page.advice}`,
        reference: request.id,
      })
  }
  const form = page.status === 503 ? await formAgain(request) : undefined
  return reply.type('text/html; charset=utf-8').send(views.error({ page, reference: request.id, form }))
}

function retryAfter(error: unknown): string {
  const seconds = error instanceof PageError ? error.retryAfter : undefined
  return String(seconds ?? RETRY_AFTER_SECONDS)
}

function logError(error: unknown, page: ErrorPage, request: FastifyRequest): void {
  const details = { err: error, status: page.status }
  if (page.status === 500) request.log.error(details, 'a request failed')
  else if (page.status === 403) logSecurity(request, 'form refused', details)
  // Somebody who is logged in asked for what isn't theirs, or was never there: which of the two, the log doesn't know either.
  else if (page.status === 404 && request.user !== undefined && !request.is404)
    logSecurity(request, 'access denied', details)
  else if (page.status === 429) logSecurity(request, 'rate limited', details)
  else if (page.status === 503) request.log.warn(details, 'a request was refused')
  else request.log.debug(details, 'a request was refused')
}

function wantsJson(request: FastifyRequest): boolean {
  const accepted = request.headers.accept ?? ''
  return accepted.includes('application/json') && !accepted.includes('text/html')
}
