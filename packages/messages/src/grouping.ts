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
  for (const message of messages) {
    const last = groups.at(-1)
    if (last && looksLike(message, last.message)) last.ids.push(message.id)
    else groups.push({ message, ids: [message.id] })
  }
  return groups
}

/** The same for messages that are equal in this sense, as a short text. */
export function groupMark({ level, text, tags, link, job, data }: Message): string {
  const face = JSON.stringify([level, text, tags, link?.href, link?.text, job, data])
  return createHash('sha256').update(face).digest('base64url').slice(0, 12)
}

function looksLike(one: Message, other: Message): boolean {
  return (
    one.text === other.text &&
    one.level === other.level &&
    one.tags === other.tags &&
    one.job === other.job &&
    one.link?.href === other.link?.href &&
    one.link?.text === other.link?.text &&
    JSON.stringify(one.data) === JSON.stringify(other.data)
  )
}
