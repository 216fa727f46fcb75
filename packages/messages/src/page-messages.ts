import type { Exchange } from './exchange.ts'
import { grouped } from './grouping.ts'
import type { Message } from './message.ts'
import type { Claim } from './message-store.ts'
import type { TimeBudget } from './time-budget.ts'
import { type ViewMessages, type ViewWatcher, viewMessages } from './view-messages.ts'
import { withinTime } from './within-time.ts'

// Longer than a lease: after that the messages are unread again, whatever the store has still to say.
const SETTLE_TIME_LIMIT = 15_000

/** What one response shows: claimed when it is asked for, confirmed or released when the response is over. */
export class PageMessages {
  readonly #exchange: Exchange
  readonly #time: TimeBudget
  readonly #looks = new Looks()
  #asked: Promise<void> | undefined
  #claims: Claim[] = []
  #messages: Message[] = []
  #notes = { more: 0, dropped: 0, delayed: false }
  #isKept = false

  constructor(exchange: Exchange, time: TimeBudget) {
    this.#exchange = exchange
    this.#time = time
  }

  /** Whether the store was asked for messages. */
  get isAsked(): boolean {
    return this.#asked !== undefined
  }

  /** Whether anybody asked for something of the messages, be it how many they are. Not where a route shows none anyway. */
  get isLookedAt(): boolean {
    return this.#looks.isLookedAt && !this.#exchange.isQuiet
  }

  /** Messages that the page holds. */
  get length(): number {
    return this.#messages.length
  }

  /** Messages whose text was read. */
  get shown(): number {
    return this.#looks.ids.size
  }

  /** What this page shows stays unread. */
  keep(): void {
    this.#isKept = true
  }

  /** Claims what waits, once; and again when more was written since, `wrote` messages. */
  ask({ wrote }: { wrote: number }): Promise<void> {
    if (!this.#asked) this.#asked = this.#claim(wrote)
    else if (wrote > 0) this.#asked = this.#asked.then(() => this.#claim(wrote))
    return this.#asked
  }

  /** Each message by itself. */
  each(): ViewMessages {
    return this.#view(this.#messages.map(message => ({ message, ids: [message.id] })))
  }

  /** As a page says them: equal ones in a row are one. */
  block(): ViewMessages {
    return this.#view(grouped(this.#messages))
  }

  #view(groups: Parameters<typeof viewMessages>[0]): ViewMessages {
    return viewMessages(groups, this.#notes, this.#looks)
  }

  async #claim(wrote: number): Promise<void> {
    const { store, limit } = this.#exchange.settings
    const time = this.#time
    const room = limit - this.#messages.length
    if (room <= 0) {
      this.#notes.more += wrote
      return
    }
    try {
      const reader = this.#exchange.reader()
      if (reader.owner === undefined && reader.browser === undefined) return
      if (time.isOver) throw new Error('no time is left to ask for messages')
      const answer = store.claim(reader, { limit: room })
      const claim = await time.wait(answer).catch(error => {
        void this.#releaseLate(answer)
        throw error
      })
      if (claim) this.#hold(claim)
      else this.#notes.more = 0
    } catch (err) {
      this.#notes.delayed = true
      this.#exchange.log.error({ err }, 'messages could not be read: they are delayed')
    }
  }

  #hold(claim: Claim): void {
    this.#claims.push(claim)
    if (this.#claims.length === 1) this.#exchange.whenOver(sent => this.#settle(sent))
    this.#messages.push(...claim.messages.map(message => this.#exchange.asShown(message)))
    this.#notes.more = claim.more
    this.#notes.dropped += claim.dropped
  }

  /** A claim that answers when nobody waits for it any more is for no page. */
  async #releaseLate(answer: Promise<Claim | undefined>): Promise<void> {
    const claim = await answer.catch(() => undefined)
    if (claim) await this.#settleOne(claim, false)
  }

  async #settle(sent: boolean): Promise<void> {
    await this.#asked // another claim may be on its way
    const claims = this.#claims
    this.#claims = []
    await Promise.all(claims.map(claim => this.#settleOne(claim, sent && !this.#isKept)))
  }

  async #settleOne(claim: Claim, sent: boolean): Promise<void> {
    const { settings, log } = this.#exchange
    const shown = claim.messages.map(({ id }) => id).filter(id => this.#looks.ids.has(id))
    // Of messages that can't be read nothing can be shown: the store takes them out of the way.
    const isOver = (sent && shown.length > 0) || claim.messages.length === 0
    try {
      const step = isOver ? settings.store.confirm(claim, shown) : settings.store.release(claim)
      await withinTime(SETTLE_TIME_LIMIT, step)
    } catch (err) {
      log.error(
        { err, messages: claim.messages.length },
        'messages of a page could not be confirmed or released: they will be shown again',
      )
    }
  }
}

/** What a template has looked at. */
class Looks implements ViewWatcher {
  readonly ids = new Set<string>()
  isLookedAt = false

  looked(): void {
    this.isLookedAt = true
  }

  shown(ids: readonly string[]): void {
    for (const id of ids) this.ids.add(id)
  }
}
