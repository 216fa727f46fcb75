import { isForBrowser, LEVELS } from '@tidings/messages'
import type { ViewMessage } from '@tidings/messages/fastify'
import { jobPath } from './job-page.ts'

/** A message as the layout shows it, above the page's heading. */
export interface Notice {
  message: ViewMessage
  /** One too many at first sight: "7 more" opens it. */
  isFolded: boolean
  /** What the reader has just done: the focus goes there, so that it is read out. */
  takesFocus: boolean
}

const OPEN = 3
const LABEL_LENGTH = 80

/** The messages of the page at `path`, in the order in which it shows them: errors first, then by time. No text is read. */
export function notices(messages: readonly ViewMessage[], path: string): Notice[] {
  if (messages.length === 0) return []
  const isError = ({ level }: ViewMessage) => level >= LEVELS.ERROR
  const all = [...messages]
  const sorted = [...all.filter(isError), ...all.filter(message => !isError(message))]
  const own = sorted.find(message => isOwnAction(message, path))
  const open = new Set(sorted.slice(0, OPEN))
  if (own !== undefined && !open.has(own)) {
    open.delete(sorted[OPEN - 1] as ViewMessage)
    open.add(own)
  }
  return sorted.map(message => ({ message, isFolded: !open.has(message), takesFocus: message === own }))
}

/** The name of the button that closes a message. */
export function closeLabel(text: string): string {
  const characters = [...text]
  return `Close: ${characters.length > LABEL_LENGTH ? `${characters.slice(0, LABEL_LENGTH).join('')}…` : text}`
}

// What a request has added for its browser, or a job says on the page to which its form has led.
function isOwnAction({ id, job }: ViewMessage, path: string): boolean {
  return isForBrowser(id) || (job !== undefined && jobPath(job) === path)
}
