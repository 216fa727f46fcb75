import { JobFailure } from '@tidings/jobs'
import { TextPosition } from './text-position.ts'

/** The longest item of a list, in characters, and how deep one may be nested. */
const MAX_LENGTH = 1_000_000
const MAX_DEPTH = 32

/** One item of a JSON list: its number (from 1), where in the file it begins, and its text, or why it isn't read. */
export type JsonItem = { item: number; line: number; column: number } & (
  | { text: string; reason?: undefined }
  | { text?: undefined; reason: string }
)

/**
 * Cuts a JSON list into the texts of its items as it arrives. It holds one item at a time: one that is too long or too deep is
 * passed over. Whether an item's text is JSON is for its reader to see.
 * @throws JobFailure where it is no list, or not closed, saying where
 */
export async function* readJsonItems(chunks: AsyncIterable<string>): AsyncGenerator<JsonItem> {
  const cutter = new Cutter()
  for await (const chunk of chunks) yield* cutter.cut(chunk)
  cutter.end()
}

/** Where in the list the cutter is: in an item, or what may come next. */
type Place = 'start' | 'first' | 'value' | 'item' | 'comma' | 'end'

const EXPECTED = { first: 'an item or “]”', value: 'an item', comma: '“,” or “]”', end: 'nothing more' }

class Cutter {
  readonly #position = new TextPosition()
  #place: Place = 'start'
  #item = 0
  #begin = this.#position.at
  #parts: string[] = []
  #length = 0
  #depth = 0
  #isDeep = false
  #isString = false
  #isEscaped = false

  /** The items that end in this chunk. */
  cut(chunk: string): JsonItem[] {
    const items: JsonItem[] = []
    let from = 0 // where in this chunk the item began or goes on
    for (let index = 0; index < chunk.length; index += 1) {
      const character = chunk.charAt(index)
      if (this.#place !== 'item' && !' \t\n\r'.includes(character)) {
        this.#place = this.#after(character)
        if (this.#place === 'item') {
          from = index
          this.#item += 1
          this.#begin = this.#position.at
        }
      }
      if (this.#place === 'item') {
        const end = this.#endOf(character)
        if (end) {
          this.#keep(chunk.slice(from, end === 'with' ? index + 1 : index))
          items.push(this.#taken())
          this.#place = end === 'with' ? 'comma' : this.#after(character, 'comma')
        }
      }
      this.#position.pass(character)
    }
    if (this.#place === 'item') this.#keep(chunk.slice(from))
    return items
  }

  end(): void {
    if (this.#place === 'end') return
    if (this.#place !== 'item') throw this.#fault()
    throw new JobFailure(
      `It is no whole JSON: item ${this.#item}, which begins in line ${this.#begin.line}, has no end. Nothing was imported.`,
    )
  }

  /** Whether the item ends here: `with` this character, or `before` it, as numbers, words and bare strings do. */
  #endOf(character: string): 'with' | 'before' | undefined {
    if (this.#isString) {
      if (this.#isEscaped) this.#isEscaped = false
      else if (character === '\\') this.#isEscaped = true
      else if (character === '"') this.#isString = false
      return undefined
    }
    if (this.#depth === 0 && (character === ',' || character === ']')) return 'before'
    if (character === '"') this.#isString = true
    else if (character === '{' || character === '[') this.#depth += 1
    else if ((character === '}' || character === ']') && this.#depth > 0) {
      this.#depth -= 1
      if (this.#depth === 0) return 'with'
    }
    this.#isDeep ||= this.#depth > MAX_DEPTH
    return undefined
  }

  /** What comes after this character outside of items. */
  #after(character: string, place = this.#place): Place {
    if (place === 'start' && character === '[') return 'first'
    if (place === 'comma' && character === ',') return 'value'
    if ((place === 'comma' || place === 'first') && character === ']') return 'end'
    if ((place === 'first' || place === 'value') && !',]}:'.includes(character)) return 'item'
    throw this.#fault()
  }

  #keep(text: string): void {
    this.#length += text.length
    if (this.#length > MAX_LENGTH || this.#isDeep) this.#parts = []
    else this.#parts.push(text)
  }

  #taken(): JsonItem {
    const at = { item: this.#item, ...this.#begin }
    const text = this.#parts.join('')
    const [isLong, isDeep] = [this.#length > MAX_LENGTH, this.#isDeep]
    this.#parts = []
    this.#length = 0
    this.#isDeep = false
    if (isLong) return { ...at, reason: 'it is longer than 1,000,000 characters' }
    return isDeep ? { ...at, reason: `it is nested more than ${MAX_DEPTH} levels deep` } : { ...at, text }
  }

  #fault(): JobFailure {
    const { line, column } = this.#position.at
    const place = this.#place
    if (place === 'start')
      return new JobFailure(
        'It is no list of posts, like [{"title": "…", "body": "…"}]. Nothing was imported.',
      )
    const expected = place === 'item' ? EXPECTED.value : EXPECTED[place]
    return new JobFailure(
      `It is no JSON: in line ${line}, column ${column}, ${expected} was expected. Nothing was imported.`,
    )
  }
}
