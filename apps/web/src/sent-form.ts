import { formText } from './form-text.ts'

/** A file that came with a form. */
export class Upload {
  readonly name: string
  readonly content: Buffer

  constructor(name: string, content: Buffer) {
    this.name = name
    this.content = content
  }
}

const MAX_TEXT = 4000
const MAX_LINES = 60_000

/** A form as it was sent: texts and files by the names of their fields. */
export class SentForm {
  readonly #body: unknown

  constructor(body: unknown) {
    this.#body = body
  }

  /** A field's text, or `initial` where the form didn't have the field. */
  text(field: string, initial = '', { lines = false } = {}): string {
    return this.has(field) ? formText(this.#body, field, { max: lines ? MAX_LINES : MAX_TEXT }) : initial
  }

  /** Whether the form had the field. */
  has(field: string): boolean {
    return this.#value(field) !== undefined
  }

  /** The file in a field; undefined where none was chosen. */
  file(field: string): Upload | undefined {
    const value = this.#value(field)
    if (!(value instanceof Upload)) return undefined
    return value.name === '' && value.content.length === 0 ? undefined : value
  }

  #value(field: string): unknown {
    if (typeof this.#body !== 'object' || this.#body === null) return undefined
    return Object.entries(this.#body).find(([name]) => name === field)?.[1]
  }
}
