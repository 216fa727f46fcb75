const CLEAR = '\r\u001b[K'

/** One line at the bottom of a terminal that changes, with the log above it. */
export class LiveLine {
  readonly #out: NodeJS.WriteStream
  #text = ''

  constructor(out: NodeJS.WriteStream) {
    this.#out = out
  }

  /** Writes lines above it. */
  write(lines: string): void {
    this.#out.write(this.#text === '' ? lines : `${CLEAR}${lines}${this.#text}`)
  }

  /** What it says from now on; nothing is written where that stays the same. */
  show(text: string): void {
    const cut = text.slice(0, (this.#out.columns || 80) - 1)
    if (cut === this.#text) return
    this.#text = cut
    this.#out.write(`${CLEAR}${cut}`)
  }
}
