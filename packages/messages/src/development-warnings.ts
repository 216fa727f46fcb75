import type { FastifyReply, FastifyRequest } from 'fastify'
import { cacheability } from './cache-headers.ts'
import { opensPage } from './consumption.ts'
import type { MessagesSettings } from './fastify-options.ts'
import { requestReader } from './request-reader.ts'
import { withinTime } from './within-time.ts'

// Pages in a row on which messages waited and none was read: one that only counts them is no fault.
const PATIENCE = 20
const ASK_TIME_LIMIT = 1000

/** What a developer should know while the application is still on their machine. Each is said once. */
export class DevelopmentWarnings {
  readonly #settings: Pick<MessagesSettings, 'owner' | 'store'>
  readonly #routes = new Set<string | undefined>()
  #pages = 0
  #isSaid = false

  constructor(settings: Pick<MessagesSettings, 'owner' | 'store'>) {
    this.#settings = settings
  }

  /** A page with messages on it is about to be sent: does it say that it may be kept? */
  sending(request: FastifyRequest, reply: FastifyReply): void {
    const declared = cacheability(reply)
    const { url } = request.routeOptions
    if (declared === undefined || this.#routes.has(url)) return
    this.#routes.add(url)
    request.log.warn(
      { route: url, cacheControl: declared },
      'this route says that it may be cached, and shows messages: it was sent as "private, no-store". ' +
        'Take the header away, or the messages (config: { messages: false })',
    )
  }

  /** A response was sent: do messages wait that no page ever shows? */
  async sent(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    if (this.#isSaid || request.routeOptions.config.messages === false) return
    const { shown, added, page } = request.messages
    if (shown > 0) this.#pages = 0
    const isWaiting = added > 0 || page.length > 0
    if (shown > 0 || !(isWaiting || (isHtml(reply) && opensPage(request) && !page.isAsked))) return
    if (++this.#pages < PATIENCE) return
    this.#pages = 0
    if (!isWaiting && !(await this.#hasUnread(request))) return
    this.#isSaid = true
    request.log.warn(
      { responses: PATIENCE },
      'messages wait, and no page shows them: does the layout loop over "messages" and print each text? ' +
        'Was @fastify/view registered, and does the option "views" name what renders?',
    )
  }

  async #hasUnread(request: FastifyRequest): Promise<boolean> {
    try {
      const reader = requestReader(request, this.#settings.owner(request))
      const { messages } = await withinTime(ASK_TIME_LIMIT, this.#settings.store.unread(reader, { limit: 1 }))
      return messages.length > 0
    } catch {
      return false
    }
  }
}

function isHtml(reply: FastifyReply): boolean {
  return reply.statusCode < 300 && String(reply.getHeader('content-type') ?? '').includes('html')
}
