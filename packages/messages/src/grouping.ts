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
    const { id, level, text, tags, link, job, data } = message
    const face = JSON.stringify([level, text, tags, link?.href, link?.text, job, data])
    if (face === last) groups.at(-1)?.ids.push(id)
    else groups.push({ message, ids: [id] })
    last = face
  }
  return groups
}
