import type { FastifyReply, FastifyRequest } from 'fastify'
import { beforeSend } from './before-send.ts'
import type { MessagesSettings } from './fastify-options.ts'
import type { Message } from './message.ts'
import type { Reader } from './message-store.ts'
import { type ReaderQuestion, requestReader } from './request-reader.ts'
import { isOpenPage, whenOver } from './response-end.ts'
import { translation } from './translation.ts'

/** One request and its reply, as its messages see them. */
export class Exchange {
  readonly settings: MessagesSettings
  readonly #request: FastifyRequest
  // A request that no hook of ours has seen yet has none: it can't show messages so far.
  readonly #reply: FastifyReply | undefined
  #isQuiet: boolean | undefined

  constructor(settings: MessagesSettings, request: FastifyRequest, reply: FastifyReply | undefined) {
    this.settings = settings
    this.#request = request
    this.#reply = reply
  }

  get log(): { error(facts: object, text: string): void } {
    return this.#request.log
  }

  /** Who sends the request. */
  reader(question?: ReaderQuestion): Reader {
    return requestReader(this.#request, this.settings.owner(this.#request), question)
  }

  /** Whether the route shows no messages: its pages are the same for everybody, as far as we are concerned. */
  get isQuiet(): boolean {
    this.#isQuiet ??= this.#request.routeOptions.config.messages === false
    return this.#isQuiet
  }

  /** Whether the response, as it stands, is a page that somebody will look at and that shows messages. */
  get isPage(): boolean {
    const reply = this.#reply
    return reply !== undefined && !this.isQuiet && isOpenPage(reply) && this.settings.consumes(this.#request)
  }

  /** A message as this reader sees it. */
  asShown<M extends Message>(message: M): M {
    const { translate, levels } = this.settings
    const text = translation(message, translate && (one => translate(one, this.#request)), this.log)
    const levelTag = levels.tagOf(message.level)
    const tags = levels.tagsOf(message)
    const isAsPosted = text === message.text && levelTag === message.levelTag && tags === message.tags
    return isAsPosted ? message : { ...message, text, levelTag, tags }
  }

  /** Calls back while the session can still be written, before the response leaves. */
  beforeSend(callback: () => void): void {
    if (this.#reply) beforeSend(this.#reply, callback)
  }

  /** Calls back once, when the response is over, with whether it was sent whole as a page. */
  whenOver(settle: (sent: boolean) => Promise<void>): void {
    if (!this.#reply) return
    whenOver(this.#request, this.#reply, sent => this.settings.track(settle(sent)))
  }
}
