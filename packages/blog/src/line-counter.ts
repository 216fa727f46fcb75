const LINE_FEED = 10
const CARRIAGE_RETURN = 13

/**
 * Tells in which line of a text a byte stands, as an editor counts lines: `\n`, `\r\n` and `\r` each end one.
 * It is asked about ever later bytes, so it forgets what lies before the last question.
 */
export class LineCounter {
  readonly #chunks: Uint8Array[] = []
  #offset = 0 // in the first chunk that is held
  #position = 0 // in the text
  #line = 1
  #previous = 0

  /** The next bytes of the text. */
  add(chunk: Uint8Array): void {
    this.#chunks.push(chunk)
  }

  /** The line (from 1) of the byte at `position` (from 0), which is not before the one asked for last. */
  lineAt(position: number): number {
    for (let chunk = this.#chunks[0]; chunk && this.#position < position; chunk = this.#chunks[0]) {
      const end = Math.min(chunk.length, this.#offset + position - this.#position)
      for (let index = this.#offset; index < end; index += 1) this.#count(chunk[index] ?? 0)
      this.#position += end - this.#offset
      this.#offset = end
      if (end === chunk.length) {
        this.#chunks.shift()
        this.#offset = 0
      }
    }
    return this.#line
  }

  #count(byte: number): void {
    if (byte === CARRIAGE_RETURN || (byte === LINE_FEED && this.#previous !== CARRIAGE_RETURN))
      this.#line += 1
    this.#previous = byte
  }
}
