import { z } from 'zod'

/** What BullMQ keeps as a job's data. */
export const storedDataSchema = z.object({
  owner: z.string().refine(isOwner),
  /** Not there for an input of `undefined`, which JSON leaves out. */
  input: z.unknown().optional(),
  /** The version of the input's form. */
  version: z.int().optional(),
  batch: z.string().optional(),
  /** It is one of those of which its owner may have so many unfinished. */
  counted: z.boolean().optional(),
  /** It was taken together with its entry in the ledger: where it has none any more, its owner was told of it. */
  owed: z.literal(true).optional(),
  /** The definition's name, in the data of a schedule's runs. */
  schedule: z.string().optional(),
})

export type StoredData = z.output<typeof storedDataSchema>

/** A job's data; `undefined` for what isn't ours or is broken. */
export function storedDataOf({ data }: { readonly data: unknown }): StoredData | undefined {
  // Nearly all have no more than these fields, and are looked at several times.
  if (isPlain(data)) return data
  return storedDataSchema.safeParse(data).data
}

function isPlain(data: unknown): data is StoredData {
  if (typeof data !== 'object' || data === null) return false
  for (const field in data) {
    const isGood =
      field === 'owner' ||
      field === 'input' ||
      (field === 'version' && Number.isSafeInteger((data as StoredData).version)) ||
      (field === 'owed' && (data as StoredData).owed === true)
    if (!isGood) return false
  }
  return 'owner' in data && typeof data.owner === 'string' && isOwner(data.owner)
}

/** As the message store has it, whose lists' names end with it. */
function isOwner(owner: string): boolean {
  return owner !== '' && owner.length <= 200 && owner.isWellFormed()
}

/** What BullMQ keeps as a job's return value; a job that returned nothing has no result there. */
export const storedResultSchema = z
  .strictObject({ kind: z.enum(['success', 'partial']), result: z.unknown().optional() })
  .transform(({ kind, result }) => ({ kind, result }))

export type StoredResult = z.output<typeof storedResultSchema>

/** What BullMQ keeps as a job's progress. */
export const storedProgressSchema = z.object({
  fraction: z.number(),
  text: z.string().optional(),
  step: z.number().optional(),
  of: z.number().optional(),
})

/** The stored data, from its JSON; `undefined` for what isn't ours or is broken. */
export function parseStoredData(json: string): StoredData | undefined {
  try {
    return storedDataSchema.safeParse(JSON.parse(json)).data
  } catch {
    return undefined
  }
}
