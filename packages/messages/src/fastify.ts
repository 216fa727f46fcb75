import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { z } from 'zod'
import { opensPage } from './consumption.ts'
import { LEVELS } from './levels.ts'
import type { MessageStore } from './message-store.ts'
import { RequestMessages } from './request-messages.ts'
import { type BrowserSession, sessionBrowser } from './session-browser.ts'
import { type ViewMessages, viewMessages } from './view-messages.ts'

export { isPrefetch, opensPage } from './consumption.ts'
export type { RequestMessages } from './request-messages.ts'
export type { ViewMessage, ViewMessages } from './view-messages.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** What this request tells its browser, and what its page shows. */
    readonly messages: RequestMessages
  }
  interface FastifyContextConfig {
    /** `false`: the pages of this route show no messages and consume none. */
    messages?: boolean
  }
}

/** Options of {@link fastifyMessages}. */
export interface FastifyMessagesOptions {
  /** Where messages wait. */
  store: MessageStore
  /** Who is logged in: an id that the application chooses; `undefined` for a visitor. Asked whenever it is needed. */
  owner(request: FastifyRequest): string | undefined
  /** Messages that a page shows at most; default 10, `Infinity` allowed. */
  limit?: number
  /** The lowest level that `request.messages` records; default `LEVELS.INFO`. */
  level?: number
  /** Whether this request opens a page that somebody will look at; default by method and headers: no HEAD, prefetch or fetch. */
  consumes?(request: FastifyRequest): boolean
}

/**
 * Django's messages for Fastify: decorates `request.messages`, and gives every view that `reply.view` or `reply.viewAsync`
 * renders a `messages` array. What a page shows is confirmed when the page was sent whole, and released otherwise.
 * Register it after @fastify/session and @fastify/view.
 * @throws TypeError for options that it can't work with.
 */
export const fastifyMessages = fp(register, { fastify: '5.x', name: '@tidings/messages' })

const VIEWS = ['view', 'viewAsync'] as const

const kMessages = Symbol('tidings.messages')

interface Carrier {
  [kMessages]?: RequestMessages
}

const optionsSchema = z.object({
  store: z.object({ post: z.function(), claim: z.function(), confirm: z.function(), release: z.function() }),
  owner: z.function(),
  limit: z.union([z.int().min(1), z.literal(Infinity)]).optional(),
  level: z.int().optional(),
  consumes: z.function().optional(),
})

async function register(app: FastifyInstance, options: FastifyMessagesOptions): Promise<void> {
  const checked = optionsSchema.safeParse(options)
  if (!checked.success) throw new TypeError(`fastifyMessages: ${z.prettifyError(checked.error)}`)
  const { store, owner, limit = 10, level = LEVELS.INFO, consumes = opensPage } = options
  const settling = new Set<Promise<void>>()

  app.decorateRequest('messages', {
    getter(this: FastifyRequest & Carrier) {
      this[kMessages] ??= new RequestMessages({
        store,
        limit,
        level,
        log: this.log,
        reader: options => readerOf(this, options),
      })
      return this[kMessages]
    },
  })

  app.addHook('onRequest', async (request, reply) => {
    for (const name of VIEWS) giveMessages(name, request, reply)
  })

  app.addHook('onSend', async request => {
    await (request as Carrier)[kMessages]?.flush()
  })

  // A page that was sent just before the shutdown is still confirmed.
  app.addHook('onClose', async () => {
    await Promise.all(settling)
  })

  function readerOf(request: FastifyRequest, { create }: { create: boolean }) {
    const id = owner(request)
    const { session } = request as { session?: BrowserSession }
    return { owner: id, browser: session && sessionBrowser(session, id, { create }) }
  }

  /** Has the reply's views rendered with `messages`. */
  function giveMessages(name: (typeof VIEWS)[number], request: FastifyRequest, reply: FastifyReply): void {
    const views = reply as unknown as Record<string, ((...args: unknown[]) => Promise<unknown>) | undefined>
    const render = views[name]
    if (!render) return
    views[name] = async (...args) => {
      const withLocals = reply as { locals?: object }
      withLocals.locals = { ...withLocals.locals, messages: await messagesFor(request, reply) }
      return render.apply(reply, args)
    }
  }

  async function messagesFor(request: FastifyRequest, reply: FastifyReply): Promise<ViewMessages> {
    const isPage =
      request.routeOptions.config.messages !== false && reply.statusCode < 300 && consumes(request)
    if (!isPage) return viewMessages(undefined, () => {})
    const { owner, browser } = readerOf(request, { create: false })
    if (owner === undefined && browser === undefined) return viewMessages(undefined, () => {})
    const { messages } = request
    reply.header('cache-control', 'private, no-store')
    reply.header('vary', [reply.getHeader('vary'), 'cookie'].filter(Boolean).join(', '))
    const view = messages.view()
    let settled = false
    const settle = (sent: boolean) => {
      if (settled) return
      settled = true
      const done = messages
        .settle({ sent: sent && reply.statusCode < 300 })
        .finally(() => settling.delete(done))
      settling.add(done)
    }
    // Node says 'finish' also when the connection broke under the last write.
    reply.raw.once('finish', () => settle(!request.raw.socket.destroyed)).once('close', () => settle(false))
    if (reply.raw.closed) settle(false)
    return view
  }
}
