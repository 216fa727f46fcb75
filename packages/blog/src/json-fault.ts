import { TextPosition } from './text-position.ts'

const LITERAL = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y

/**
 * Where a text that `JSON.parse` refused stops being JSON: the line and column, counted from where the text itself begins in its
 * file. Node says it in some versions and for some faults only. It must not be nested deeply.
 */
export function jsonFault(
  text: string,
  begin: { line: number; column: number },
): { line: number; column: number } {
  const end = new Walk(text).end()
  const position = new TextPosition()
  for (let index = 0; index < end; index += 1) position.pass(text.charAt(index))
  const { line, column } = position.at
  return { line: begin.line + line - 1, column: line === 1 ? begin.column + column - 1 : column }
}

class Walk {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  /** How far it is JSON. */
  end(): number {
    if (this.#value()) this.#space()
    return this.#at
  }

  #value(): boolean {
    this.#space()
    if (this.#is('{')) return this.#list('}', () => this.#member())
    if (this.#is('[')) return this.#list(']', () => this.#value())
    return this.#text[this.#at] === '"' ? this.#string() : this.#matches(LITERAL)
  }

  #member(): boolean {
    this.#space()
    if (this.#text[this.#at] !== '"' || !this.#string()) return false
    this.#space()
    return this.#is(':') && this.#value()
  }

  #list(close: string, one: () => boolean): boolean {
    this.#space()
    if (this.#is(close)) return true
    do {
      if (!one()) return false
      this.#space()
    } while (this.#is(','))
    return this.#is(close)
  }

  #string(): boolean {
    this.#at += 1
    for (;;) {
      const character = this.#text[this.#at]
      if (character === undefined || character < ' ') return false
      if (character === '\\') {
        if (!this.#matches(ESCAPE)) return false
      } else {
        this.#at += 1
        if (character === '"') return true
      }
    }
  }

  #space(): void {
    while (' \t\n\r'.includes(this.#text[this.#at] ?? 'none')) this.#at += 1
  }

  #is(character: string): boolean {
    const isHere = this.#text[this.#at] === character
    if (isHere) this.#at += 1
    return isHere
  }

  #matches(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at
    const isHere = pattern.test(this.#text)
    if (isHere) this.#at = pattern.lastIndex
    return isHere
  }
}
