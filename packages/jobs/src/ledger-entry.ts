import { type CheckedMessage, encodeChecked } from '@tidings/messages'
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

const encoded = z.object({ key: z.string(), window: z.string(), json: z.string() })

/** What the ledger holds of a job whose outcome is owed, as JSON. The scripts read it, and may write a second line behind it. */
const ledgerEntrySchema = z.object({
  owner: z.string(),
  name: z.string(),
  batch: z.string().optional(),
  to: z.object({ list: z.string(), reading: z.string(), cap: z.string(), ttl: z.string() }),
  cancelled: encoded,
  /** For a job that can't be read any more. */
  lost: encoded,
  /** The job is one of those of which its owner may have so many unfinished. */
  counted: z.literal(true).optional(),
})

export type LedgerEntry = z.output<typeof ledgerEntrySchema>

/** Encodes a message; `''` in each field for none. */
export function encoding(message: CheckedMessage | undefined): EncodedMessage {
  if (!message) return { key: '', window: '', json: '' }
  const [key, window, json] = encodeChecked(message)
  return { key, window, json }
}

/** What an entry says; `undefined` for none, and for one that can't be read. */
export function parseLedgerEntry(text: string | null): LedgerEntry | undefined {
  try {
    return ledgerEntrySchema.safeParse(JSON.parse(text?.split('\n', 1)[0] ?? '')).data
  } catch {
    return undefined
  }
}
