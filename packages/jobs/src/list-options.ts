import { z } from 'zod'
import { MAX_LISTED } from './retention.ts'

/** Options of {@link Jobs.list}. */
export interface ListOptions {
  owner: string
  /** How many at most; default 50, up to 200. */
  limit?: number
  /** How many of the newest to pass over, for the next page; default none. */
  offset?: number
  /** Only those of this definition. */
  name?: string
  /** Only those that stand so: one that was done in part is completed, and one that was cancelled is not failed. */
  state?: 'unfinished' | 'completed' | 'failed' | 'cancelled'
}

export const listSchema = z.strictObject({
  owner: z.string().min(1).max(200),
  limit: z
    .int()
    .min(1)
    .default(50)
    .transform(limit => Math.min(limit, MAX_LISTED)),
  offset: z.int().min(0).default(0),
  name: z.string().max(100).optional(),
  state: z.enum(['unfinished', 'completed', 'failed', 'cancelled']).optional(),
})

/** {@link ListOptions}, checked and whole. */
export type CheckedList = z.output<typeof listSchema>
