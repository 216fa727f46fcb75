import { type CheckedMessage, encodeChecked, LEVELS } from '@tidings/messages'
import { z } from 'zod'

/** A message as the post script takes it. */
export interface EncodedMessage {
  readonly key: string
  readonly window: string
  readonly json: string
}

/** A list of messages as the post script takes it. */
export interface Address {
  readonly list: string
  readonly reading: string
  readonly cap: string
  readonly ttl: string
}

/** An ERROR that says no more than this text, or the JSON of a message. */
const said = z.union([z.string(), z.object({ json: z.string() })])

/**
 * What the ledger holds of a job whose outcome is owed, as JSON. The scripts read it, and write a second line behind it where
 * earlier messages of the job may be there.
 */
const ledgerEntrySchema = z.object({
  owner: z.string(),
  name: z.string(),
  batch: z.string().optional(),
  cancelled: said,
  /** For a job that can't be read any more. */
  lost: said,
  /** The job is one of those of which its owner may have so many unfinished. */
  counted: z.literal(true).optional(),
})

export type LedgerEntry = z.output<typeof ledgerEntrySchema>

/** What an entry says of a job's end: every job has one, and nearly all say nothing but a text. */
export function inEntry(message: CheckedMessage | undefined): LedgerEntry['lost'] {
  const { json } = encoding(message)
  if (message === undefined || JSON.stringify(plainError(message)) !== json) return { json }
  return message.text
}

/** As deliver.lua puts it together. */
function plainError({ job, text }: CheckedMessage): unknown {
  return { job, level: LEVELS.ERROR, text }
}

/** Encodes a message; `''` in each field for none. */
export function encoding(message: CheckedMessage | undefined): EncodedMessage {
  if (!message) return { key: '', window: '', json: '' }
  const [key, window, json] = encodeChecked(message)
  return { key, window, json }
}

// A release that doesn't know this form must fail at it before it does anything: to it, this is no JSON.
const FORM = '2'

/** An entry as the ledger holds it. */
export function encodeEntry(entry: LedgerEntry): string {
  return FORM + JSON.stringify(entry)
}

/** What an entry says; `undefined` for none, and for one that can't be read. */
export function parseLedgerEntry(text: string | null): LedgerEntry | undefined {
  try {
    const [line = ''] = text?.split('\n', 1) ?? []
    return ledgerEntrySchema.safeParse(JSON.parse(line.startsWith(FORM) ? line.slice(1) : line)).data
  } catch {
    return undefined
  }
}
