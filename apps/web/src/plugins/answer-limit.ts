import type { FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { PageError } from '../page-error.ts'
import { isUnsafe } from './own-site.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Whether it was answered that there is no answer in time: what its handler does still isn't seen by anybody. */
    isOver: boolean
  }
  interface FastifyContextConfig {
    /** How long the handler of a form may take, ms; default 5 s. */
    answersWithin?: number
  }
}

const ANSWERS_WITHIN = 5_000

/** No answer in time: nobody can tell what was done, and what wasn't. */
export class NoAnswerError extends PageError {
  constructor(limit: number) {
    super(503, `the handler had no answer within ${limit} ms`)
  }
}

/**
 * Answers 503 where the handler of a form takes too long: Fastify's own limit ends with the body's arrival. From then on the
 * handler's every use of its reply fails, so that what it does late can neither be sent nor begin a session.
 * @param options.arrival within which a request must be there, ms
 */
export const answerLimit = fastifyPlugin<{ arrival: number }>(async (app, { arrival }) => {
  app.decorateRequest('isOver', false)
  app.addHook('onRoute', route => {
    if (![route.method].flat().some(isUnsafe)) return
    // A body that is on its way is the server's to end: Fastify's answer could meet that of the handler which begins just then.
    route.handlerTimeout = 2 * arrival
    route.handler = limited(route.handler, route.config?.answersWithin ?? ANSWERS_WITHIN)
  })
})

function limited(handler: RouteHandlerMethod, limit: number): RouteHandlerMethod {
  return async function (request, reply) {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        // It is on its way: only its reader is slow.
        if (reply.sent || reply.raw.headersSent) return
        request.isOver = true
        reject(new NoAnswerError(limit))
      }, limit)
    })
    const answer = (async () => handler.call(this, request, whileInTime(request, reply)))()
    answer.catch(err => {
      if (request.isOver) request.log.debug({ err }, 'a handler ended after its time')
    })
    try {
      return await Promise.race([answer, late])
    } finally {
      clearTimeout(timer)
    }
  }
}

function whileInTime(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return new Proxy(reply, {
    get(target, name, receiver) {
      if (request.isOver) throw new Error('The request was answered already.')
      return Reflect.get(target, name, receiver)
    },
  })
}
