import { levelTag } from './levels.ts'
import {
  type CheckedMessage,
  checkMessage,
  isPlain,
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
export function encodeChecked(message: CheckedMessage): [key: string, window: string, json: string] {
  const { key = '', expiresIn } = message
  return [key, expiresIn === undefined ? '' : `+${expiresIn}`, jsonOf(message)]
}

function jsonOf(message: CheckedMessage): string {
  const { level, text, job } = message
  // By far most have no more than that, and to copy the rest of an object takes longer than all else here.
  if ((message.link ?? message.data ?? message.extraTags ?? message.i18n) === undefined)
    return JSON.stringify(job === undefined ? { level, text } : { job, level, text })
  const { key: _key, expiresIn: _expiresIn, ...rest } = message
  return JSON.stringify(rest)
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
  const end = record.lastIndexOf('}') + 1
  if (!HEAD.test(record) || !/^[\w-]*$/.test(record.slice(end))) return undefined
  const id = record.slice(0, ID_LENGTH)
  const keyEnd = record.indexOf('|', ID_LENGTH + 1)
  const windowEnd = record.indexOf('|', keyEnd + 1)
  const stored = storedMessage(record.slice(windowEnd + 1, end))
  if (stored === undefined) return undefined
  // It was made just now, for nobody else: a copy of it would be several times as dear, and so would Object.assign.
  const message = stored as { -readonly [Field in keyof Message]: Message[Field] }
  if (keyEnd > ID_LENGTH + 1) message.key = record.slice(ID_LENGTH + 1, keyEnd)
  message.id = list.idOf(id)
  message.time = new Date(Number(id) / 1000)
  message.levelTag = levelTag(message.level)
  message.tags = tagsOf(message)
  return message
}

/** The id, the key and the window. */
const HEAD = /^\d{16}\|[^|]*\|[\d:]*\|/

const ID_LENGTH = 16

function storedMessage(json: string): CheckedMessage | undefined {
  const message = parseJson(json)
  return isPlain(message) ? message : newMessageSchema.safeParse(message).data
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}
