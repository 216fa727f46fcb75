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
  const type = contentType(reply)
  let isSettled = false
  const settle = (sentAsPage: boolean) => {
    if (isSettled) return
    isSettled = true
    callback(sentAsPage)
  }
  reply.raw.on('finish', () => settle(isPage(reply, type()) && isSentWhole(request.raw)))
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

/** The content type, also of a reply that was hijacked: Node forgets headers that are given to `writeHead` alone. */
function contentType(reply: FastifyReply): () => string {
  const { raw } = reply
  const writeHead = raw.writeHead as (...args: unknown[]) => typeof raw
  let given: unknown
  raw.writeHead = (...args: unknown[]) => {
    given = args.at(-1)
    return writeHead.apply(raw, args)
  }
  return () => typeIn(given) || declaredType(reply)
}

function typeIn(headers: unknown): string {
  if (typeof headers !== 'object' || headers === null) return ''
  if ('content-type' in headers) return String(headers['content-type'])
  const pairs = Array.isArray(headers) ? inPairs(headers) : Object.entries(headers)
  const [, value = ''] = pairs.find(([name]) => String(name).toLowerCase() === 'content-type') ?? []
  return String(value)
}

function inPairs(list: unknown[]): unknown[][] {
  if (Array.isArray(list[0])) return list as unknown[][]
  return list.flatMap((name, i) => (i % 2 === 0 ? [[name, list[i + 1]]] : []))
}
