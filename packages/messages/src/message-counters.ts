/** What is counted: in messages, by this process. */
export type MessageEvent = 'posted' | 'shown' | 'released' | 'dropped' | 'expired'

/** Numbers since the process began. Dropped and expired are messages that nobody had seen. */
export type MessageCounts = Readonly<Record<MessageEvent, number>>

/** Counts what happens to messages, and tells whoever listens. */
export class MessageCounters {
  readonly #counts = { posted: 0, shown: 0, released: 0, dropped: 0, expired: 0 }
  readonly #listen: ((event: MessageEvent, count: number) => void) | undefined

  constructor(listen?: (event: MessageEvent, count: number) => void) {
    this.#listen = listen
  }

  /** The numbers at this moment. */
  get counts(): MessageCounts {
    return { ...this.#counts }
  }

  count(event: MessageEvent, count: number): void {
    if (count <= 0) return
    this.#counts[event] += count
    this.#listen?.(event, count)
  }
}
