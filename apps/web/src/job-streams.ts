import type { ServerResponse } from 'node:http'

const SECOND = 1000
const HEARTBEAT = 15 * SECOND
// So long a client may take for the last bytes of a stream that ends.
const LAST_BYTES = SECOND / 2

/** What follows one job for one open page. That it ends with its session is the business of `isStream` in its route's config. */
export interface JobStreamOptions {
  response: ServerResponse
  user: string
  /** The rendered states, one after the other, until the job has ended or the signal fires. */
  states(signal: AbortSignal): AsyncIterable<string>
}

/** The open streams of job pages in this process. */
export class JobStreams {
  readonly #perUser: number
  readonly #atMost: number
  readonly #streams = new Map<string, Set<JobStream>>()
  #count = 0
  #isClosed = false

  constructor({ perUser, atMost = 2000 }: { perUser: number; atMost?: number }) {
    this.#perUser = perUser
    this.#atMost = atMost
  }

  /** Whether there is no room for another stream, or the process is closing. */
  get isFull(): boolean {
    return this.#isClosed || this.#count >= this.#atMost
  }

  /** Opens a stream, whose response has its head. One too many for its user takes the place of their oldest. */
  open(options: JobStreamOptions): void {
    const { response, user } = options
    const own = this.#streams.get(user) ?? new Set()
    this.#streams.set(user, own)
    const stream = new JobStream(options)
    own.add(stream)
    this.#count += 1
    response.once('close', () => {
      this.#count -= 1
      own.delete(stream)
      if (own.size === 0 && this.#streams.get(user) === own) this.#streams.delete(user)
    })
    const [oldest] = own
    if (own.size > this.#perUser && oldest) {
      own.delete(oldest)
      oldest.end('event: retired\ndata: {}\n\n')
    }
  }

  /** Ends all streams at once, and lets none begin. */
  close(): void {
    this.#isClosed = true
    for (const own of this.#streams.values()) for (const stream of own) stream.end(comeBack())
  }
}

class JobStream {
  readonly #options: JobStreamOptions
  readonly #over = new AbortController()
  readonly #heartbeat: NodeJS.Timeout

  constructor(options: JobStreamOptions) {
    this.#options = options
    const { response } = options
    response.on('error', () => {}) // a client that goes away is no fault
    response.once('close', () => this.#stop())
    response.write(comeBack())
    this.#heartbeat = setInterval(() => response.writableNeedDrain || response.write(':\n\n'), HEARTBEAT)
    void this.#follow()
  }

  end(last = ''): void {
    if (this.#over.signal.aborted) return
    this.#stop()
    const { response } = this.#options
    response.end(last)
    // Whoever doesn't read would keep the process from closing.
    const given = setTimeout(() => response.destroy(), LAST_BYTES)
    response.once('close', () => clearTimeout(given))
  }

  async #follow(): Promise<void> {
    const { response, states } = this.#options
    try {
      for await (const html of states(this.#over.signal)) {
        // Each holds all: who is slow gets the next one, and nothing piles up here.
        if (!response.writableNeedDrain) response.write(event(html))
      }
    } catch {
      // The page comes back, and is told what is wrong.
    }
    this.end()
  }

  #stop(): void {
    this.#over.abort()
    clearInterval(this.#heartbeat)
  }
}

function event(html: string): string {
  return `event: job\ndata: ${JSON.stringify({ html })}\n\n`
}

// Not all at once: a deploy ends the streams of everybody in one moment.
function comeBack(): string {
  return `retry: ${Math.round(SECOND * (0.5 + 2.5 * Math.random()))}\n\n`
}
