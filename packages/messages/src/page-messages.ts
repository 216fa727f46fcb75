import type { Exchange } from './exchange.ts'
import { grouped } from './grouping.ts'
import type { Message } from './message.ts'
import type { Claim, Reader } from './message-store.ts'
import type { TimeBudget } from './time-budget.ts'
import { type ViewMessages, ViewWatch, viewMessages } from './view-messages.ts'
import { withinTime } from './within-time.ts'

// Longer than a store of ours repeats a confirm: whatever a store has still to say then, nobody waits for it.
const SETTLE_TIME_LIMIT = 90_000

/** What one response shows: claimed when it is asked for, confirmed or released when the response is over. */
export class PageMessages {
  readonly #exchange: Exchange
  readonly #time: TimeBudget
  readonly #looks = new Looks()
  #isAsked = false
  #asking: Promise<void> | undefined
  #claims: readonly Claim[] = []
  #messages: readonly Message[] = NONE
  #more = 0
  #dropped = 0
  #delayed = false
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
    return this.#looks.ids?.size ?? 0
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
    const notes = { more: this.#more, dropped: this.#dropped, delayed: this.#delayed }
    return viewMessages(groups, notes, this.#looks)
  }

  #claim(wrote: number): Promise<void> | undefined {
    const room = this.#exchange.settings.limit - this.#messages.length
    if (room <= 0) {
      this.#more += wrote
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

  #claimFor(reader: Reader, limit: number): Promise<void> {
    if (this.#time.isOver) throw new Error('no time is left to ask for messages')
    const answer = this.#exchange.settings.store.claim(reader, { limit })
    return this.#time.wait(answer).then(
      claim => this.#take(claim),
      err => {
        void this.#releaseLate(answer)
        this.#delay(err)
      },
    )
  }

  #take(claim: Claim | undefined): void {
    try {
      if (claim) this.#hold(claim)
      else this.#more = 0
    } catch (err) {
      this.#delay(err)
    }
  }

  #delay(err: unknown): void {
    this.#delayed = true
    this.#exchange.log.error({ err }, 'messages could not be read: they are delayed')
  }

  #hold(claim: Claim): void {
    const isFirst = this.#claims.length === 0
    this.#claims = isFirst ? [claim] : [...this.#claims, claim]
    if (isFirst) this.#exchange.whenOver(sent => this.#settle(sent))
    const messages = claim.messages.map(message => this.#exchange.asShown(message))
    this.#messages = isFirst ? messages : [...this.#messages, ...messages]
    this.#more = claim.more
    this.#dropped += claim.dropped
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
    if (first && claims.length === 1) return this.#settleOne(first, isSent)
    await Promise.all(claims.map(claim => this.#settleOne(claim, isSent)))
  }

  async #settleOne(claim: Claim, sent: boolean): Promise<void> {
    const { settings, log } = this.#exchange
    const shown: string[] = []
    for (const { id } of claim.messages) if (this.#looks.ids?.has(id)) shown.push(id)
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

// By far most pages hold none.
const NONE: readonly Message[] = []

/** What a template has looked at. */
class Looks extends ViewWatch {
  ids: Set<string> | undefined
  isLookedAt = false

  override looked(): void {
    this.isLookedAt = true
  }

  override shown(ids: readonly string[]): void {
    this.ids ??= new Set()
    for (const id of ids) this.ids.add(id)
  }
}
