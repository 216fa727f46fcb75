import { levelTag } from './levels.ts'
import {
  type CheckedMessage,
  checkMessage,
  type Message,
  type NewMessage,
  newMessageSchema,
  tagsOf,
} from './message.ts'
import type { MessageList } from './message-list.ts'

/** The key, window and JSON of a message, as the post script takes them. */
export function encodeMessage(message: NewMessage): [key: string, window: string, json: string] {
  return encodeChecked(checkMessage(message))
}

/** The same for a message that was checked before. */
export function encodeChecked({
  key = '',
  expiresIn,
  ...rest
}: CheckedMessage): [key: string, window: string, json: string] {
  return [key, expiresIn === undefined ? '' : `+${expiresIn}`, JSON.stringify(rest)]
}

/** The id of a record in its list. */
export function recordId(record: string): string {
  return record.slice(0, record.indexOf('|'))
}

/** From when until when a record is shown. */
export function windowOf(record: string): { from: Date | undefined; until: Date | undefined } {
  const [, from, until] = /^\d{16}\|[^|]*\|(\d*):(\d*)\|/.exec(record) ?? []
  return {
    from: from ? new Date(Number(from)) : undefined,
    until: until ? new Date(Number(until)) : undefined,
  }
}

/** The message of a record; `undefined` for one that isn't ours or is broken. */
export function decodeRecord(record: string, list: MessageList): Message | undefined {
  const [, id, key, json] = /^(\d{16})\|([^|]*)\|[\d:]*\|(.*\})[\w-]*$/s.exec(record) ?? []
  if (id === undefined || json === undefined) return undefined
  const message = newMessageSchema.safeParse(parseJson(json))
  if (!message.success) return undefined
  const { level } = message.data
  return {
    ...message.data,
    ...(key ? { key } : {}),
    id: list.idOf(id),
    time: new Date(Number(id) / 1000),
    levelTag: levelTag(level),
    tags: tagsOf(message.data),
  }
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}
