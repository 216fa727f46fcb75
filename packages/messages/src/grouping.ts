import { createHash } from 'node:crypto'
import type { Message } from './message.ts'

/** Equal messages in a row, which a page says once. */
export interface MessageGroup {
  /** The first of them. */
  readonly message: Message
  /** Of all of them. */
  readonly ids: readonly string[]
}

/**
 * Puts equal messages in a row together: those of which a reader would see no difference but the time. What tells of two
 * jobs stays two, even in the same words: each run is owed its own.
 */
export function grouped(messages: readonly Message[]): MessageGroup[] {
  const groups: { message: Message; ids: string[] }[] = []
  let last = ''
  for (const message of messages) {
    const face = faceOf(message)
    if (face === last) groups.at(-1)?.ids.push(message.id)
    else groups.push({ message, ids: [message.id] })
    last = face
  }
  return groups
}

/** The same for messages that are equal in this sense, as a short text. */
export function groupMark(message: Message): string {
  return createHash('sha256').update(faceOf(message)).digest('base64url').slice(0, 12)
}

function faceOf({ level, text, tags, link, job, data }: Message): string {
  return JSON.stringify([level, text, tags, link?.href, link?.text, job, data])
}
