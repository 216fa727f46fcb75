/** The levels of messages, as in Django: integers with gaps, so that an application can put its own between them. */
export const LEVELS = { DEBUG: 10, INFO: 20, SUCCESS: 25, WARNING: 30, ERROR: 40 } as const

/** The tag of each level: a word that a stylesheet can use as a class. */
export const LEVEL_TAGS: Readonly<Record<number, string>> = {
  [LEVELS.DEBUG]: 'debug',
  [LEVELS.INFO]: 'info',
  [LEVELS.SUCCESS]: 'success',
  [LEVELS.WARNING]: 'warning',
  [LEVELS.ERROR]: 'error',
}

/** The tag of a level; `''` for a level that has none, as in Django. */
export function levelTag(level: number): string {
  return LEVEL_TAGS[level] ?? ''
}
