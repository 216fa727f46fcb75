import { groupMark } from './grouping.ts'
import type { Message } from './message.ts'

/** How a client that has lost its stream is told to come back: after this many ms. */
export function comeBack(after: { atLeast: number; atMost: number }): string {
  // Not all at once: a deploy ends the streams of everybody in one moment.
  const wait = after.atLeast + Math.random() * (after.atMost - after.atLeast)
  return `retry: ${Math.round(wait)}\n`
}

/** Nothing, so that proxies and browsers see that the stream is alive. */
export const HEARTBEAT = ':\n\n'

/** Tells a stream that a newer one of the same reader has taken its place. */
export const RETIRED = 'event: retired\ndata: {}\n\n'

/**
 * A message as an event of a stream. JSON has no line breaks, so no text can begin a field or an event of its own.
 * @param fields what the application adds, or says in another way; the id and the reader stay
 */
export function messageEvent(message: Message, reader: string, fields: object = {}): string {
  const { id, text, level, levelTag, tags, link, time } = message
  const group = groupMark(message)
  const data = { text, level, levelTag, tags, link, time, group, ...fields, reader, id }
  return `id: ${id.replace(/[\r\n\0]/g, '')}\nevent: message\ndata: ${JSON.stringify(data)}\n\n`
}
