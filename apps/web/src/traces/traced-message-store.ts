import { type SpanContext, trace } from '@opentelemetry/api'
import {
  type Claim,
  type Message,
  type Reader,
  RedisMessageStore,
  type RedisMessageStoreOptions,
} from '@tidings/messages'
import type { ShownSpans } from './shown-spans.ts'

/** A message store that remembers which page took which messages, and says what was shown where. */
export class TracedMessageStore extends RedisMessageStore {
  readonly #spans: ShownSpans
  // A claim is confirmed when its page was sent, which is no longer within its request.
  readonly #pages = new WeakMap<Claim, SpanContext>()

  constructor(options: RedisMessageStoreOptions, spans: ShownSpans) {
    super(options)
    this.#spans = spans
  }

  override async claim(reader: Reader, options: { limit: number }): Promise<Claim | undefined> {
    const page = trace.getActiveSpan()?.spanContext()
    const claim = await super.claim(reader, options)
    if (claim && page) this.#pages.set(claim, page)
    return claim
  }

  override async confirm(claim: Claim, shown: Iterable<string>): Promise<void> {
    const ids = new Set(shown)
    await super.confirm(claim, ids)
    const messages = claim.messages.filter(({ id }) => ids.has(id))
    this.#spans.shown(this.#pages.get(claim), claim.reader.owner, messages)
  }

  override async read(reader: Reader, ids: Iterable<string>): Promise<void> {
    const page = trace.getActiveSpan()?.spanContext()
    const told = new Set(ids)
    const unread = await this.#unread(reader, told)
    await super.read(reader, told)
    this.#spans.shown(page, reader.owner, unread)
  }

  /** What of these wasn't read before: an open page may say twice that it has shown a message. */
  async #unread({ owner }: Reader, ids: ReadonlySet<string>): Promise<Message[]> {
    if (owner === undefined || ids.size === 0) return []
    const inbox = await this.inbox(owner).catch(() => [])
    return inbox.filter(({ id, unread }) => unread && ids.has(id))
  }
}
