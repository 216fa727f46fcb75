/** Where somebody who reads a text has come to, as an editor counts: `\n`, `\r\n` and `\r` each end a line. */
export class TextPosition {
  #line = 1
  #column = 1
  #previous = ''

  /** The line and the column of the next character, both from 1. */
  get at(): { line: number; column: number } {
    return { line: this.#line, column: this.#column }
  }

  /** Goes past a character. */
  pass(character: string): void {
    if (character === '\r' || (character === '\n' && this.#previous !== '\r')) {
      this.#line += 1
      this.#column = 1
    } else if (character !== '\n') this.#column += 1
    this.#previous = character
  }
}
