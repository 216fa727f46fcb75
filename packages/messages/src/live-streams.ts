import { comeBack, RETIRED } from './live-event.ts'
import { LiveStream, type LiveStreamOptions } from './live-stream.ts'
import type { Reader } from './message-store.ts'

const SECOND = 1000

/** All open streams of this process. */
export class LiveStreams {
  readonly #perReader: number
  readonly #atMost: number
  readonly #streams = new Map<string, Set<LiveStream>>()
  #count = 0
  #isClosed = false

  constructor({ perReader, atMost }: { perReader: number; atMost: number }) {
    this.#perReader = perReader
    this.#atMost = atMost
  }

  /** Whether there is no room for another stream, or the process is closing. */
  get isFull(): boolean {
    return this.#isClosed || this.#count >= this.#atMost
  }

  /** Opens a stream. One too many for its reader retires their oldest: the tab that was opened last works. */
  open(options: LiveStreamOptions): void {
    const key = keyOf(options.reader)
    const own = this.#streams.get(key) ?? new Set()
    this.#streams.set(key, own)
    const stream = new LiveStream(options)
    own.add(stream)
    this.#count++
    options.response.once('close', () => {
      this.#count--
      own.delete(stream)
      if (own.size === 0 && this.#streams.get(key) === own) this.#streams.delete(key)
    })
    const [oldest] = own
    if (own.size <= this.#perReader || !oldest) return
    own.delete(oldest)
    // A client that comes back by itself, not knowing the event, would retire another one.
    oldest.end(`${comeBack({ atLeast: 60 * SECOND, atMost: 90 * SECOND })}${RETIRED}`)
  }

  /** Ends all streams at once, and lets none begin. */
  close(): void {
    this.#isClosed = true
    for (const own of this.#streams.values()) {
      for (const stream of own) stream.end(comeBack({ atLeast: SECOND / 2, atMost: 5 * SECOND }))
    }
  }
}

function keyOf({ owner, browser }: Reader): string {
  return owner === undefined ? `browser ${browser}` : `owner ${owner}`
}
