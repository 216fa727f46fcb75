import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import { keepPrivate } from './cache-headers.ts'
import { DevelopmentWarnings } from './development-warnings.ts'
import { Exchange } from './exchange.ts'
import { checkOptions, type FastifyMessagesOptions } from './fastify-options.ts'
import { giveToViews } from './page-views.ts'
import { RequestMessages } from './request-messages.ts'
import { addSuccessMessages, type SuccessMessage } from './success-message.ts'
import { withinTime } from './within-time.ts'

export { isPrefetch, opensPage } from './consumption.ts'
export type { FastifyMessagesOptions } from './fastify-options.ts'
export type { Level } from './level-table.ts'
export { type LiveMessagesOptions, liveMessages } from './live.ts'
export { readerMark } from './live-reader.ts'
export { MessageFailure } from './message-failure.ts'
export type { AddOptions, RequestMessages } from './request-messages.ts'
export type { Owner } from './request-reader.ts'
export type { SuccessMessage } from './success-message.ts'
export type { ViewMessage, ViewMessages } from './view-messages.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** What this request tells its browser, and what its page shows. */
    readonly messages: RequestMessages
  }
  interface FastifyContextConfig {
    /** `false`: the pages of this route show no messages and consume none. */
    messages?: boolean
    /** A SUCCESS message for whoever submitted the form of this route, when it succeeded: `'%(name)s was created.'` */
    successMessage?: SuccessMessage
  }
}

/**
 * Django's messages for Fastify: decorates `request.messages`, and gives every view that `reply.view` or `reply.viewAsync`
 * renders a `messages` array and the `levels` by name. What a page shows is confirmed when the page was sent whole, and
 * released otherwise. Register it after @fastify/session and @fastify/view, and before the routes.
 * @throws TypeError for options that it can't work with.
 */
export const fastifyMessages = fp(register, { fastify: '5.x', name: '@tidings/messages' })

// What was sent last is confirmed before the process ends, but a store that is away doesn't keep it.
const CLOSE_TIME_LIMIT = 5000

const kMessages = Symbol('tidings.messages')
const kReply = Symbol('tidings.reply')

interface Carrier {
  [kMessages]?: RequestMessages | null
  [kReply]?: FastifyReply | null
}

async function register(app: FastifyInstance, options: FastifyMessagesOptions): Promise<void> {
  const settling = new Set<Promise<void>>()
  const track = (settled: Promise<void>) => {
    const forget = () => settling.delete(settled)
    settling.add(settled)
    settled.then(forget, forget)
  }
  const settings = { ...checkOptions(options), track }
  const warnings = settings.development ? new DevelopmentWarnings(settings) : undefined

  app.decorateRequest(kMessages, null)
  app.decorateRequest(kReply, null)
  app.decorateRequest('messages', {
    getter(this: FastifyRequest & Carrier) {
      this[kMessages] ??= new RequestMessages(new Exchange(settings, this, this[kReply] ?? undefined))
      return this[kMessages]
    },
  })

  const { levels } = settings.levels
  const prepare = ({ request }: FastifyReply) => request.messages.prepare()
  const give = ({ request }: FastifyReply) => ({ levels, messages: request.messages.prepared })
  app.addHook('onRequest', (request: FastifyRequest & Carrier, reply, done) => {
    request[kReply] = reply
    giveToViews(reply, settings.views, prepare, give)
    done()
  })

  const addSuccess = addSuccessMessages(app, settings)

  app.addHook('onSend', (request: FastifyRequest & Carrier, reply, _payload, done) => {
    addSuccess(request, reply)
    protect(request, reply)
    if (request[kMessages]?.isWaiting) request[kMessages].flush().then(() => done(), done)
    else done()
  })

  // Once more after all other hooks: a plugin for caching may have come later.
  app.addHook('onRoute', route => {
    const last = (request: FastifyRequest, reply: FastifyReply, _payload: unknown, done: () => void) => {
      protect(request, reply)
      done()
    }
    route.onSend = [route.onSend ?? [], last].flat() as RouteOptions['onSend']
  })

  if (warnings) app.addHook('onResponse', (request, reply) => warnings.sent(request, reply))

  app.addHook('onClose', async () => {
    await withinTime(CLOSE_TIME_LIMIT, Promise.all(settling)).catch(err =>
      app.log.error({ err }, 'closing without having confirmed what the last pages showed'),
    )
  })

  /** A page on which somebody looked at messages is nobody else's. */
  function protect(request: FastifyRequest & Carrier, reply: FastifyReply): void {
    if (!request[kMessages]?.page.isLookedAt) return
    warnings?.sending(request, reply)
    keepPrivate(reply)
  }
}
