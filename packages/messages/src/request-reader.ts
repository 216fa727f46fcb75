import type { Reader } from './message-store.ts'
import { type BrowserSession, sessionBrowser } from './session-browser.ts'

/** Who is logged in: an id that the application chooses, or an id and since when this owner exists; nothing for a visitor. */
export type Owner = string | { readonly id: string; readonly since?: Date | undefined } | null | undefined

/** What is asked of a session besides who reads. */
export interface ReaderQuestion {
  /** A browser that has no id yet is given one. */
  create: boolean
  /** Who had been logged in when the messages were added: of all users only they may find them later. */
  was?: string | undefined
}

/**
 * Who sends a request: its owner, and its browser where the session has given it an id.
 * @throws TypeError for an owner that is none.
 */
export function requestReader(
  request: object,
  answer: Owner,
  question: ReaderQuestion = { create: false },
): Reader {
  const { id, since } = checkOwner(answer)
  const { session } = request as { session?: BrowserSession | null }
  return { owner: id, since, browser: session ? sessionBrowser(session, id, question) : undefined }
}

function checkOwner(answer: Owner): { id?: string; since?: Date | undefined } {
  if (answer === undefined || answer === null) return {}
  const { id, since } = typeof answer === 'string' ? { id: answer, since: undefined } : answer
  if (typeof id !== 'string' || id === '' || id.length > 200)
    throw unfit('an id of 1 to 200 characters', answer)
  if (since !== undefined && !(since instanceof Date && !Number.isNaN(since.getTime()))) {
    throw unfit('"since" to be a Date', answer)
  }
  return { id, since }
}

function unfit(expected: string, came: unknown): TypeError {
  const got =
    came instanceof Promise ? 'a promise: it must answer at once' : JSON.stringify(came)?.slice(0, 80)
  return new TypeError(`owner(request): expected ${expected}, { id, since } or undefined; got ${got}`)
}
