import { LEVEL_TAGS, LEVELS } from './levels.ts'

/** A level: its number, or its name in either case. */
export type Level = number | string

/**
 * The levels of an application: Django's five, those that it adds, and the tag of each. An overridden tag may be `''`. The
 * tags given are read whenever one is needed, so changing them takes effect at once.
 * @throws TypeError for a name that already has another number.
 */
export class LevelTable {
  /** The number of each name. */
  readonly levels: Readonly<Record<string, number>>
  readonly #ownTags: ReadonlyMap<number, string>
  readonly #tags: Readonly<Record<number, string>>

  constructor({
    levels = {},
    tags = {},
  }: { levels?: Readonly<Record<string, number>>; tags?: Readonly<Record<number, string>> } = {}) {
    for (const [name, number] of Object.entries(LEVELS)) {
      const own = levels[name] ?? number
      if (own !== number) throw new TypeError(`The level ${name} is ${number}, expected no other, got ${own}`)
    }
    this.levels = Object.freeze({ ...LEVELS, ...levels })
    this.#ownTags = new Map(Object.entries(levels).map(([name, number]) => [number, name.toLowerCase()]))
    this.#tags = tags
  }

  /**
   * The number of a level.
   * @throws TypeError for a name that it doesn't know, and for what is no integer.
   */
  numberOf(level: Level): number {
    if (Number.isInteger(level)) return Number(level)
    const { levels } = this
    const name = String(level)
    const number = [name, name.toUpperCase()].flatMap(key =>
      Object.hasOwn(levels, key) ? [levels[key]] : [],
    )[0]
    if (number !== undefined && typeof level === 'string') return number
    throw new TypeError(
      `Expected a level: an integer or one of ${Object.keys(levels).join(', ')}; got ${name.slice(0, 80)}`,
    )
  }

  /** The tag of a level: the overridden one, else the lower-case name; `''` for a level that has none, as in Django. */
  tagOf(level: number): string {
    return this.#tags[level] ?? LEVEL_TAGS[level] ?? this.#ownTags.get(level) ?? ''
  }

  /** The tags of a message: extra tags first, then the level's tag. */
  tagsOf({ level, extraTags }: { level: number; extraTags?: string | undefined }): string {
    const tag = this.tagOf(level)
    if (!extraTags) return tag
    return tag === '' ? extraTags : `${extraTags} ${tag}`
  }
}

/** Django's five levels and their tags. */
export const DEFAULT_LEVELS = new LevelTable()
