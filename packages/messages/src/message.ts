import { z } from 'zod'
import { DEFAULT_LEVELS } from './level-table.ts'
import { LEVELS } from './levels.ts'
import { linkSchema } from './link.ts'

const MAX_TEXT = 2000
const MAX_DATA_BYTES = 4096

/** What one posts. Text is cut at 2,000 characters; the other bounds refuse. */
export const newMessageSchema = z.object({
  level: z.int().min(0).max(1000),
  text: z
    .string()
    .overwrite(plainText)
    .refine(text => text.trim() !== '', 'expected a text that says something'),
  extraTags: z
    .string()
    .max(200)
    .regex(/^[\w -]*$/, 'expected words of letters, digits, "-" and "_"')
    .optional(),
  key: z
    .string()
    .min(1)
    .max(200)
    .regex(/^[^|\p{Cc}]*$/u, 'expected no "|" and no control characters')
    .optional(),
  link: linkSchema.optional(),
  job: z.string().min(1).max(200).optional(),
  i18n: z
    .object({
      key: z.string().min(1).max(200),
      params: z.record(z.string().max(100), z.union([z.string().max(500), z.number()])).optional(),
    })
    .optional(),
  expiresIn: z.int().min(1).optional(),
  data: z
    .record(z.string(), z.json())
    .refine(
      data => Buffer.byteLength(JSON.stringify(data)) <= MAX_DATA_BYTES,
      `expected at most ${MAX_DATA_BYTES} bytes of JSON`,
    )
    .optional(),
})

/**
 * A message to post: `level`, `text` (plain text, never HTML), and as one likes `extraTags` (words for a stylesheet),
 * `key` (a later message with the same key replaces this one while it is unread), `link`, `job` (the id of the job that it
 * tells of), `i18n` (key and parameters, to be translated when it is shown; `text` stands in), `expiresIn` (ms, after which
 * it is shown no more) and `data` (a small JSON object).
 */
export type NewMessage = z.input<typeof newMessageSchema>

/** A message that {@link checkMessage} has checked. */
export type CheckedMessage = z.output<typeof newMessageSchema>

/** A message as it was stored: with its id, the time of the Redis server, and its tags. */
export interface Message extends Omit<CheckedMessage, 'expiresIn'> {
  /** Sorts by time. */
  readonly id: string
  readonly time: Date
  /** The level's own tag. */
  readonly levelTag: string
  /** Extra tags, then the level's tag, as in Django. */
  readonly tags: string
}

/** What may be said of a message besides its level and text. */
export type MessageOptions = Omit<NewMessage, 'level' | 'text'>

/** A DEBUG message. */
export const debug = messageOf(LEVELS.DEBUG)
/** An INFO message. */
export const info = messageOf(LEVELS.INFO)
/** A SUCCESS message. */
export const success = messageOf(LEVELS.SUCCESS)
/** A WARNING message. */
export const warning = messageOf(LEVELS.WARNING)
/** An ERROR message. */
export const error = messageOf(LEVELS.ERROR)

/**
 * Checks a message before it is posted. Where nothing had to be changed, what it gives may be the same object.
 * @throws TypeError naming each field at fault, what was expected of it, and what came.
 */
export function checkMessage(message: NewMessage): CheckedMessage {
  if (isPlain(message)) return message
  const checked = newMessageSchema.safeParse(message)
  if (checked.success) return checked.data
  const faults = checked.error.issues.map(issue => `${issue.path.join('.') || 'message'}: ${issue.message}`)
  throw new TypeError(`A message can't be posted: ${faults.join('; ')}`)
}

/** The tags of a message: extra tags first, then the level's tag. */
export function tagsOf(message: { level: number; extraTags?: string | undefined }): string {
  return DEFAULT_LEVELS.tagsOf(message)
}

function messageOf(level: number): (text: string, options?: MessageOptions) => NewMessage {
  return (text, options) => ({ ...options, level, text })
}

/** Whether it is what most messages are. The schema says the same of them, and takes ten times as long for it. */
export function isPlain(message: unknown): message is CheckedMessage {
  if (typeof message !== 'object' || message === null) return false
  const { level, text, key, job } = message as Partial<Record<string, unknown>>
  const fields = 2 + (key === undefined ? 0 : 1) + (job === undefined ? 0 : 1)
  return (
    Object.keys(message).length === fields &&
    typeof level === 'number' &&
    Number.isInteger(level) &&
    level >= 0 &&
    level <= 1000 &&
    typeof text === 'string' &&
    text.length <= MAX_TEXT &&
    PLAIN_TEXT.test(text) &&
    text.trim() !== '' &&
    (key === undefined || (typeof key === 'string' && PLAIN_KEY.test(key))) &&
    (job === undefined || (typeof job === 'string' && PLAIN_KEY.test(job)))
  )
}

const PLAIN_TEXT = /^[^\p{Cc}\p{Cs}]+$/u
const PLAIN_KEY = /^[\w:-]{1,200}$/

// Control characters could forge a line in a log or move the cursor of a terminal; half a surrogate pair breaks JSON readers.
function plainText(text: string): string {
  const plain = text.toWellFormed().replace(/[^\P{Cc}\n\t]/gu, '')
  if (plain.length <= MAX_TEXT) return plain
  const characters = Array.from(plain)
  return characters.length <= MAX_TEXT ? plain : `${characters.slice(0, MAX_TEXT - 1).join('')}…`
}
