import type { Exchange } from './exchange.ts'
import { grouped } from './grouping.ts'
import type { Message } from './message.ts'
import type { Claim, Reader } from './message-store.ts'
import type { TimeBudget } from './time-budget.ts'
import { type ViewMessages, ViewWatch, viewMessages } from './view-messages.ts'
import { withinTime } from './within-time.ts'

// Longer than a lease: after that the messages are unread again, whatever the store has still to say.
const SETTLE_TIME_LIMIT = 15_000

/** What one response shows: claimed when it is asked for, confirmed or released when the response is over. */
export class PageMessages {
  readonly #exchange: Exchange
  readonly #time: TimeBudget
  readonly #looks = new Looks()
  #isAsked = false
  #asking: Promise<void> | undefined
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
    return this.#isAsked
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

  /** Claims what waits, once; and again when more was written since, `wrote` messages. Nothing where there is nobody to ask for. */
  ask(wrote = 0): Promise<void> | undefined {
    if (!this.#isAsked) {
      this.#isAsked = true
      this.#asking = this.#claim(wrote)
    } else if (wrote > 0) {
      this.#asking = this.#asking ? this.#asking.then(() => this.#claim(wrote)) : this.#claim(wrote)
    }
    return this.#asking
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

  #claim(wrote: number): Promise<void> | undefined {
    const room = this.#exchange.settings.limit - this.#messages.length
    if (room <= 0) {
      this.#notes.more += wrote
      return undefined
    }
    try {
      const reader = this.#exchange.reader()
      if (reader.owner === undefined && reader.browser === undefined) return undefined
      return this.#claimFor(reader, room)
    } catch (err) {
      this.#delay(err)
      return undefined
    }
  }

  async #claimFor(reader: Reader, limit: number): Promise<void> {
    let answer: Promise<Claim | undefined> | undefined
    try {
      if (this.#time.isOver) throw new Error('no time is left to ask for messages')
      answer = this.#exchange.settings.store.claim(reader, { limit })
      const claim = await this.#time.wait(answer)
      answer = undefined
      if (claim) this.#hold(claim)
      else this.#notes.more = 0
    } catch (err) {
      if (answer) void this.#releaseLate(answer)
      this.#delay(err)
    }
  }

  #delay(err: unknown): void {
    this.#notes.delayed = true
    this.#exchange.log.error({ err }, 'messages could not be read: they are delayed')
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
    await this.#asking // another claim may be on its way
    const claims = this.#claims
    this.#claims = []
    const isSent = sent && !this.#isKept
    const [first] = claims
    // By far most pages: one claim.
    if (first && claims.length === 1) await this.#settleOne(first, isSent)
    else await Promise.all(claims.map(claim => this.#settleOne(claim, isSent)))
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
class Looks extends ViewWatch {
  readonly ids = new Set<string>()
  isLookedAt = false

  override looked(): void {
    this.isLookedAt = true
  }

  override shown(ids: readonly string[]): void {
    for (const id of ids) this.ids.add(id)
  }
}
