import { z } from 'zod'

/** What BullMQ keeps as a job's data. */
export const storedDataSchema = z.object({
  owner: z.string().min(1),
  /** Not there for an input of `undefined`, which JSON leaves out. */
  input: z.unknown().optional(),
  /** The version of the input's form. */
  version: z.int().optional(),
  batch: z.string().optional(),
  /** It is one of those of which its owner may have so many unfinished. */
  counted: z.boolean().optional(),
  /** The definition's name, in the data of a schedule's runs. */
  schedule: z.string().optional(),
})

export type StoredData = z.output<typeof storedDataSchema>

/** A job's data; `undefined` for what isn't ours or is broken. */
export function storedDataOf({ data }: { readonly data: unknown }): StoredData | undefined {
  // Nearly all have an owner and an input, and are looked at several times.
  if (isPlain(data)) return data
  return storedDataSchema.safeParse(data).data
}

function isPlain(data: unknown): data is StoredData {
  if (typeof data !== 'object' || data === null) return false
  for (const field in data) if (field !== 'owner' && field !== 'input') return false
  return 'owner' in data && typeof data.owner === 'string' && data.owner !== ''
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
