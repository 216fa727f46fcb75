import type { IncomingMessage } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import type { FastifyReply, FastifyRequest } from 'fastify'

/** Calls back once, when a response is over, with whether it was sent whole and was a page; at once where it is over already. */
export function whenOver(
  request: FastifyRequest,
  reply: FastifyReply,
  callback: (sentAsPage: boolean) => void,
): void {
  if (isOver(reply)) {
    callback(false)
    return
  }
  let isSettled = false
  const settle = (sentAsPage: boolean) => {
    if (isSettled) return
    isSettled = true
    callback(sentAsPage)
  }
  reply.raw.on('finish', () => settle(isPage(reply, sentType(reply)) && isSentWhole(request.raw)))
  reply.raw.on('close', () => settle(false))
}

/** Whether somebody can still be shown something by this reply: it has succeeded so far, and isn't over. */
export function isOpenPage(reply: FastifyReply): boolean {
  return !isOver(reply) && isPage(reply, declaredType(reply))
}

function isOver({ sent, raw }: FastifyReply): boolean {
  return sent || raw.closed || raw.destroyed
}

// Node says 'finish' also when the connection broke under the last write, and over HTTP/2 whenever a stream is closed.
function isSentWhole(request: IncomingMessage | Http2ServerRequest): boolean {
  if (!('stream' in request)) return !request.socket.destroyed
  return !request.aborted && request.stream.writableFinished && request.stream.rstCode === 0
}

/** Whether a reply is a page: no redirect, no error page, and nothing that scripts read. */
function isPage({ raw, statusCode }: FastifyReply, type: string): boolean {
  const status = raw.headersSent ? raw.statusCode : statusCode
  return status < 300 && !/json|event-stream/i.test(type)
}

function declaredType(reply: FastifyReply): string {
  return String(reply.getHeader('content-type') ?? '')
}

/** The content type of a reply that was sent, also of one that was hijacked: over HTTP/1 Node keeps its head as it was sent. */
function sentType(reply: FastifyReply): string {
  const { _header: head } = reply.raw as { _header?: unknown }
  const [, type = declaredType(reply)] =
    (typeof head === 'string' && /^content-type:(.*)$/im.exec(head)) || []
  return type
}
