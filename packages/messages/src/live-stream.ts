import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { comeBack, HEARTBEAT } from './live-event.ts'
import type { Message } from './message.ts'
import type { MessageStore, Reader } from './message-store.ts'
import { withinTime } from './within-time.ts'

const SECOND = 1000
// Read at once, besides what was sent already.
const BATCH = 100
// More than a list can hold: a stream that has carried as many begins anew.
const MAX_SENT = 10_000
const STORE_TIME_LIMIT = 2 * SECOND
// So long an answer about the reader counts as fresh.
const READER_FRESH = SECOND
// So long a client may take for the last bytes of a stream that ends.
const LAST_BYTES = SECOND / 2

/** What a stream is made of. Times are in ms. */
export interface LiveStreamOptions {
  response: ServerResponse
  store: Pick<MessageStore, 'unread' | 'watch'>
  reader: Reader
  /** Whether the reader is still who they were. */
  isSameReader(): Promise<boolean>
  event(message: Message): string
  heartbeat: number
  recheck: number
  drainWithin: number
  log: { warn(facts: object, text: string): void }
}

/**
 * Brings one open page what is unread: at the beginning, and whenever the store hints that there is something new. Each
 * message at most once, and nothing is consumed by it. The response must have its head.
 */
export class LiveStream {
  readonly #options: LiveStreamOptions
  readonly #sent = new Set<string>()
  readonly #timers: NodeJS.Timeout[] = []
  #retry: NodeJS.Timeout | undefined
  #failures = 0
  #readerChecked = Date.now()
  #isDue = false
  #isReading = false
  readonly #over = new AbortController()
  #watching: 'no' | 'asked' | 'yes' = 'no'
  #leave: (() => Promise<void>) | undefined

  constructor(options: LiveStreamOptions) {
    this.#options = options
    const { response, heartbeat, recheck } = options
    response.on('error', () => {}) // a client that goes away is no fault
    response.once('close', () => this.#stop())
    response.write(`${comeBack({ atLeast: 2 * SECOND, atMost: 5 * SECOND })}${HEARTBEAT}`)
    this.#timers.push(
      setInterval(() => this.#beat(), heartbeat),
      // Hints can be lost, and messages that a page gave back have none.
      setInterval(() => this.#readAgain({ askForReader: true }), recheck),
    )
    void this.#watch()
    this.#readAgain()
  }

  /** Ends the stream; `last` is the last that its client is told. */
  end(last: string): void {
    if (this.#hasEnded) return
    this.#stop()
    const { response } = this.#options
    response.end(last)
    // Whoever doesn't read would keep the process from closing.
    const given = setTimeout(() => response.destroy(), LAST_BYTES)
    response.once('close', () => clearTimeout(given))
  }

  get #hasEnded(): boolean {
    return this.#over.signal.aborted
  }

  #stop(): void {
    this.#over.abort()
    for (const timer of [...this.#timers, this.#retry]) clearTimeout(timer)
    void this.#leave?.().catch(() => {}) // the store forgets it with the connection
    this.#leave = undefined
  }

  #beat(): void {
    const { response } = this.#options
    if (!response.writableNeedDrain) response.write(HEARTBEAT)
  }

  async #watch(): Promise<void> {
    if (this.#watching !== 'no') return
    this.#watching = 'asked'
    const { store, reader } = this.#options
    try {
      const leave = await store.watch(reader, () => this.#readAgain())
      if (this.#hasEnded) return await leave()
      this.#leave = leave
      this.#watching = 'yes'
      this.#readAgain() // what came before the watch began
    } catch (err) {
      this.#watching = 'no'
      this.#failed(err)
    }
  }

  #readAgain({ askForReader = false } = {}): void {
    if (askForReader) this.#readerChecked = 0
    this.#isDue = true
    if (!this.#isReading) void this.#read()
  }

  async #read(): Promise<void> {
    this.#isReading = true
    while (this.#isDue && !this.#hasEnded) {
      this.#isDue = false
      try {
        await this.#bringNew()
        if (this.#watching === 'yes') this.#failures = 0
      } catch (err) {
        this.#failed(err)
      }
    }
    this.#isReading = false
  }

  async #bringNew(): Promise<void> {
    const { store, reader, event } = this.#options
    for (let more = Infinity; more > 0 && !this.#hasEnded; ) {
      if (!(await this.#hasReader())) return this.end(comeBack({ atLeast: 0, atMost: 2 * SECOND }))
      const limit = this.#sent.size + BATCH
      const unread = await withinTime(STORE_TIME_LIMIT, store.unread(reader, { limit }))
      const fresh = unread.messages.filter(({ id }) => !this.#sent.has(id))
      for (const message of fresh) {
        if (this.#hasEnded) return
        this.#sent.add(message.id)
        await this.#write(event(message))
      }
      if (this.#sent.size >= MAX_SENT) return this.end(comeBack({ atLeast: SECOND, atMost: 5 * SECOND }))
      more = fresh.length === 0 ? 0 : unread.more
    }
  }

  /** Nobody is sent a message on the word of a session that has ended in the meantime. */
  async #hasReader(): Promise<boolean> {
    if (Date.now() - this.#readerChecked < READER_FRESH) return true
    const isSame = await withinTime(STORE_TIME_LIMIT, this.#options.isSameReader())
    this.#readerChecked = Date.now()
    return isSame
  }

  /** Goes on when the client has taken it. Until then nothing is read from the store, and nothing piles up here. */
  async #write(text: string): Promise<void> {
    const { response, drainWithin, log } = this.#options
    if (response.write(text) || response.destroyed) return
    const timer = setTimeout(() => {
      log.warn({ sent: this.#sent.size }, 'dropped a stream whose client does not read')
      response.destroy()
    }, drainWithin)
    await once(response, 'drain', { signal: this.#over.signal }).catch(() => {})
    clearTimeout(timer)
  }

  /** Tries again, ever later; the store may be away for a while. */
  #failed(err: unknown): void {
    if (this.#hasEnded) return
    if (this.#failures === 0) this.#options.log.warn({ err }, 'a stream of messages waits for the store')
    const wait = Math.min(this.#options.recheck, SECOND * 2 ** this.#failures++)
    clearTimeout(this.#retry)
    this.#retry = setTimeout(
      () => {
        void this.#watch()
        this.#readAgain()
      },
      wait * (0.5 + Math.random() / 2),
    )
  }
}
