import { setTimeout as pause } from 'node:timers/promises'

const DRAIN_LIMIT = 15_000

/** What a history says when nothing waits any more. */
export interface Verdict {
  readonly posted: number
  /** Posted, and on no page that arrived. */
  readonly lost: string[]
  /** On more than one page. */
  readonly doubled: string[]
  /** On a page of somebody for whom it was not posted. */
  readonly unexpected: string[]
}

/** Every message that was posted and every one that stood on a page which arrived whole, for each user. */
export class History {
  readonly #posted = new Set<string>()
  readonly #shown = new Map<string, number>()

  posted(user: string, texts: readonly string[]): void {
    for (const text of texts) this.#posted.add(entry(user, text))
  }

  shown(user: string, texts: readonly string[]): void {
    for (const text of texts) {
      const key = entry(user, text)
      this.#shown.set(key, (this.#shown.get(key) ?? 0) + 1)
    }
  }

  /** The users of this history. */
  users(): string[] {
    return [...new Set([...this.#posted].map(key => key.slice(0, key.indexOf(': '))))]
  }

  /**
   * Opens a user's pages until nothing waits for them any more, and notes what is on them.
   * @param open opens one more page; gives the texts on it
   * @param waiting how many messages the store still has for them, unread or held
   */
  async drain(user: string, open: () => Promise<string[]>, waiting: () => Promise<number>): Promise<void> {
    // A store that gives or holds the same messages for ever is found out, not waited for.
    const deadline = Date.now() + DRAIN_LIMIT
    while (Date.now() < deadline) {
      const texts = await open()
      this.shown(user, texts)
      if (texts.length > 0) continue
      if ((await waiting()) === 0) return
      await pause(20)
    }
  }

  verdict(): Verdict {
    const shown = [...this.#shown]
    return {
      posted: this.#posted.size,
      lost: [...this.#posted].filter(key => !this.#shown.has(key)),
      doubled: shown.filter(([, times]) => times > 1).map(([key]) => key),
      unexpected: shown.map(([key]) => key).filter(key => !this.#posted.has(key)),
    }
  }
}

function entry(user: string, text: string): string {
  return `${user}: ${text}`
}
