import type { Exchange } from './exchange.ts'
import type { Level } from './level-table.ts'
import { LEVELS } from './levels.ts'
import { checkMessage, type Message, type MessageOptions, type NewMessage } from './message.ts'
import { MessageFailure } from './message-failure.ts'
import { PageMessages } from './page-messages.ts'
import { TimeBudget } from './time-budget.ts'
import type { ViewMessages } from './view-messages.ts'

/** What may be said of a message of a request besides its level and text. */
export interface AddOptions extends MessageOptions {
  /** Where there is nobody to show it to, adds nothing instead of throwing {@link MessageFailure}. */
  failSilently?: boolean
}

interface Waiting {
  readonly message: NewMessage
  readonly owner: string | undefined
}

/** `request.messages`: what the handlers of one request add, and what its page shows. */
export class RequestMessages {
  readonly #exchange: Exchange
  readonly #time: TimeBudget
  readonly #page: PageMessages
  #level: number
  #waiting: Waiting[] | undefined
  #added = 0

  constructor(exchange: Exchange) {
    const { level, timeout } = exchange.settings
    this.#exchange = exchange
    this.#level = level
    this.#time = new TimeBudget(timeout)
    this.#page = new PageMessages(exchange, this.#time)
  }

  /** Messages below this level are not recorded by this request. Set it to `undefined` to have the plugin's own again. */
  get level(): number {
    return this.#level
  }

  set level(level: Level | null | undefined) {
    const { level: own, levels } = this.#exchange.settings
    this.#level = level === undefined || level === null ? own : levels.numberOf(level)
  }

  /** How many messages this request has added. */
  get added(): number {
    return this.#added
  }

  /** How many messages of this response's page a template or handler has read. */
  get shown(): number {
    return this.#page.shown
  }

  /**
   * Adds a message for this browser: it is shown on the next page that is opened there, this request's own included.
   * No text, or a level below the minimum, adds nothing, as in Django.
   * @param level a number, or a level's name.
   * @throws TypeError for a message that can't be posted. {@link MessageFailure} where nobody could be shown it.
   */
  add(level: Level, text: string, { failSilently = false, ...options }: AddOptions = {}): void {
    const number = this.#exchange.settings.levels.numberOf(level)
    if (number < this.#level || text === undefined || text === null || String(text).trim() === '') return
    const message = { ...options, level: number, text }
    checkMessage(message)
    const { owner, browser } = this.#exchange.reader({ create: true })
    if (owner === undefined && browser === undefined) {
      if (failSilently) return
      throw new MessageFailure()
    }
    if (this.#added === 0) this.#exchange.beforeSend(() => this.expect())
    this.#waiting ??= []
    this.#waiting.push({ message, owner })
    this.#added++
  }

  /** Adds a DEBUG message. See {@link add}. */
  debug(text: string, options?: AddOptions): void {
    this.add(LEVELS.DEBUG, text, options)
  }

  /** Adds an INFO message. See {@link add}. */
  info(text: string, options?: AddOptions): void {
    this.add(LEVELS.INFO, text, options)
  }

  /** Adds a SUCCESS message. See {@link add}. */
  success(text: string, options?: AddOptions): void {
    this.add(LEVELS.SUCCESS, text, options)
  }

  /** Adds a WARNING message. See {@link add}. */
  warning(text: string, options?: AddOptions): void {
    this.add(LEVELS.WARNING, text, options)
  }

  /** Adds an ERROR message. See {@link add}. */
  error(text: string, options?: AddOptions): void {
    this.add(LEVELS.ERROR, text, options)
  }

  /**
   * The messages of this response's page, each by itself, with what this request has added so far. Asked again, it answers the
   * same. Empty for a response that is no page. Reading a `text` says that it is on the page; `length` and the rest don't.
   */
  async view(): Promise<ViewMessages> {
    await this.#ask()
    return this.#page.each()
  }

  /** The same as a template gets them: equal ones in a row are one, with a `count`. */
  async block(): Promise<ViewMessages> {
    await this.#ask()
    return this.#page.block()
  }

  /** @internal Asks for what a view is about to show; nothing to wait for where nobody has to be asked. Never rejects. */
  prepare(): Promise<void> | undefined {
    return this.#ask()
  }

  /** @internal The same as {@link block}, once that has been asked for. */
  get prepared(): ViewMessages {
    return this.#page.block()
  }

  /** What this page shows stays unread for the next one. May be said until the response is over. */
  keep(): void {
    this.#page.keep()
  }

  /** A message as this request's reader sees it: translated, with the application's tags. For lists such as an inbox. */
  asShown<M extends Message>(message: M): M {
    return this.#exchange.asShown(message)
  }

  /** @internal The page, for the plugin. */
  get page(): Pick<PageMessages, 'isAsked' | 'isLookedAt' | 'length'> {
    return this.#page
  }

  /**
   * @internal Messages are written when the session can't be any more: gives the browser its id now. The session may be
   * another than the one that they were added in.
   */
  expect(): void {
    try {
      this.#exchange.reader({ create: true, was: this.#was() })
    } catch (err) {
      this.#exchange.log.error({ err }, 'the session of a request could not be given an id for messages')
    }
  }

  /** @internal Whether something was added that isn't written yet. */
  get isWaiting(): boolean {
    return this.#waiting !== undefined
  }

  /**
   * @internal Writes what was added, and says how many that were. A store that is down is logged, never thrown: the action
   * that the message tells of is done.
   */
  async flush(): Promise<number> {
    if (this.#waiting === undefined) return 0
    const waiting = this.#waiting
    this.#waiting = undefined
    try {
      return await this.#write(waiting)
    } catch (err) {
      this.#exchange.log.error(
        { err, messages: waiting.length },
        'messages of a request could not be written',
      )
      return 0
    }
  }

  async #write(waiting: readonly Waiting[]): Promise<number> {
    const { settings, log } = this.#exchange
    const { owner, browser } = this.#exchange.reader({ create: true })
    // Somebody else has been logged in since: what the first one was told is not theirs.
    const messages = waiting
      .filter(one => one.owner === undefined || owner === undefined || one.owner === owner)
      .map(({ message }) => message)
    if (messages.length < waiting.length) {
      const dropped = waiting.length - messages.length
      log.error({ messages: dropped }, 'messages were dropped: they were added for the user before this one')
    }
    const to = browser === undefined ? owner : { browser }
    if (to === undefined) throw new Error('the session ended before its messages were written')
    if (messages.length > 0) await this.#time.wait(settings.store.post(to, messages))
    return messages.length
  }

  /** Who was logged in when messages were added that still wait. */
  #was(): string | undefined {
    return this.#waiting?.find(({ owner }) => owner !== undefined)?.owner
  }

  /** Asks the store where there is somebody to ask for; nothing to wait for otherwise. */
  #ask(): Promise<void> | undefined {
    if (!this.#exchange.isPage) return undefined
    if (this.#waiting === undefined) return this.#page.ask()
    return this.flush().then(wrote => this.#page.ask(wrote))
  }
}
