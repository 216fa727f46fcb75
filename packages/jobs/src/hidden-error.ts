import { randomInt } from 'node:crypto'
import type { Log } from './log.ts'
import { loggable } from './odd-error.ts'

/** The fixed sentence for what a user can't be told, and a line in the log under the same reference. */
export function hideError(error: unknown, log: Log): string {
  const reference = shortReference()
  log.error({ err: loggable(error), reference }, 'job failed')
  return `Something went wrong on our side (reference ${reference}).`
}

// Without letters and digits that are read for one another on the telephone.
const LETTERS = '23456789ABCDEFGHJKMNPQRSTVWXYZ'

function shortReference(): string {
  return Array.from({ length: 6 }, () => LETTERS[randomInt(LETTERS.length)]).join('')
}
