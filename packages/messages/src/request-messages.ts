import { LEVELS } from './levels.ts'
import { checkMessage, type MessageOptions, type NewMessage } from './message.ts'
import type { Claim, MessageStore, Reader } from './message-store.ts'
import { type ViewMessages, viewMessages } from './view-messages.ts'

/** What the messages of a request are given. */
export interface RequestMessagesOptions {
  store: MessageStore
  /** Who sends the request. With `create`, a browser that has no id yet is given one. */
  reader(options: { create: boolean }): Reader
  /** Messages a page shows at most. */
  limit: number
  /** Messages below this level are not recorded. */
  level: number
  log: { error(facts: object, text: string): void }
}

/** `request.messages`: what the handlers of one request add, and what its page shows. */
export class RequestMessages {
  /** Messages below this level are not recorded by this request. */
  level: number
  readonly #options: RequestMessagesOptions
  readonly #shown = new Set<string>()
  #added: NewMessage[] = []
  #view: Promise<ViewMessages> | undefined
  #claim: Claim | undefined

  constructor(options: RequestMessagesOptions) {
    this.#options = options
    this.level = options.level
  }

  /**
   * Adds a message for this browser: it is shown on the next page that is opened there, this request's own included.
   * An empty text, or a level below the minimum, adds nothing, as in Django.
   * @throws TypeError for a message that can't be posted, and where nobody could be shown it: no owner and no session.
   */
  add(level: number, text: string, options?: MessageOptions): void {
    if (text === '' || level < this.level) return
    const message = { ...options, level, text }
    checkMessage(message)
    const { owner, browser } = this.#options.reader({ create: true })
    if (owner === undefined && browser === undefined) {
      throw new TypeError(
        'A message needs somebody to show it to: register @fastify/session before the messages plugin, or log in first',
      )
    }
    this.#added.push(message)
  }

  /** Adds a DEBUG message. See {@link add}. */
  debug(text: string, options?: MessageOptions): void {
    this.add(LEVELS.DEBUG, text, options)
  }

  /** Adds an INFO message. See {@link add}. */
  info(text: string, options?: MessageOptions): void {
    this.add(LEVELS.INFO, text, options)
  }

  /** Adds a SUCCESS message. See {@link add}. */
  success(text: string, options?: MessageOptions): void {
    this.add(LEVELS.SUCCESS, text, options)
  }

  /** Adds a WARNING message. See {@link add}. */
  warning(text: string, options?: MessageOptions): void {
    this.add(LEVELS.WARNING, text, options)
  }

  /** Adds an ERROR message. See {@link add}. */
  error(text: string, options?: MessageOptions): void {
    this.add(LEVELS.ERROR, text, options)
  }

  /** Writes what was added. A store that is down is logged, never thrown: the action that the message tells of is done. */
  async flush(): Promise<void> {
    if (this.#added.length === 0) return
    const added = this.#added
    this.#added = []
    const { owner, browser } = this.#options.reader({ create: true })
    const to = browser === undefined ? owner : { browser }
    try {
      if (to === undefined) throw new Error('the session ended before its messages were written')
      await this.#options.store.post(to, added)
    } catch (err) {
      this.#options.log.error({ err, messages: added.length }, 'messages of a request could not be written')
    }
  }

  /** The messages for this request's page: claimed once, however many templates ask. */
  view(): Promise<ViewMessages> {
    this.#view ??= this.#claimForView()
    return this.#view
  }

  /** The response is over: what a page showed that was `sent` is confirmed, all else is released. */
  async settle({ sent }: { sent: boolean }): Promise<void> {
    await this.#view
    const claim = this.#claim
    if (!claim) return
    this.#claim = undefined
    try {
      if (sent && this.#shown.size > 0) await this.#options.store.confirm(claim, this.#shown)
      else await this.#options.store.release(claim)
    } catch (err) {
      this.#options.log.error(
        { err, messages: claim.messages.length },
        'shown messages could not be confirmed: they will be shown again',
      )
    }
  }

  async #claimForView(): Promise<ViewMessages> {
    await this.flush()
    try {
      this.#claim = await this.#options.store.claim(this.#options.reader({ create: false }), {
        limit: this.#options.limit,
      })
      return viewMessages(this.#claim, id => this.#shown.add(id))
    } catch (err) {
      this.#options.log.error({ err }, 'messages could not be read: they are delayed')
      return viewMessages(undefined, () => {}, true)
    }
  }
}
