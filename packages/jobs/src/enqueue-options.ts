import { z } from 'zod'
import { shown } from './odd-error.ts'

const HOUR = 60 * 60_000
const DAY = 24 * HOUR

/** Options of {@link Jobs.enqueue}. */
export interface EnqueueOptions {
  /** Whom the job belongs to: the one who is told how it ended. */
  owner: string
  /** The same owner, job and key give the same job for 24 hours, however often it is asked for. */
  idempotencyKey?: string
  /**
   * What stands for the input where the same key comes again, for inputs that differ each time although they mean the same: the
   * digest of an upload, say, that was stored under a new id. Default: the whole input.
   */
  sameInput?: string
  /** How long the job waits before it may run, ms; default that of the definition, else none. Up to a year. */
  delay?: number
  /** 1 is first, then 2, up to 2,000,000; before them come jobs without one. Default that of the definition. */
  priority?: number
}

/** Options of {@link Jobs.enqueueBatch}. */
export interface BatchOptions
  extends Pick<EnqueueOptions, 'owner' | 'idempotencyKey' | 'delay' | 'priority'> {
  /**
   * What the owner is told when all have ended: texts in which `{total}`, `{finished}`, `{failed}`, `{partial}` and
   * `{cancelled}` are numbers. Default: "Import posts: 4 of 4 finished." and "Import posts: 3 of 4 finished, 1 failed."
   */
  message?: { finished: string; failed: string }
}

/** Options of {@link Jobs.schedule}. */
export interface ScheduleOptions {
  owner: string
  /** Names the schedule among the owner's of this job: the same id replaces it. */
  id: string
  /** When it runs, as cron says it: `'0 7 * * 1-5'`. */
  pattern?: string
  /** In which time zone; default that of the process. */
  timeZone?: string
  /** Instead of a pattern: every so many ms. */
  every?: number
}

const owner = z
  .string()
  .min(1)
  .max(200)
  .refine(id => id.isWellFormed(), 'expected whole characters')
const key = z.string().min(1).max(200)
const when = {
  delay: z
    .int()
    .min(0)
    .max(366 * DAY)
    .optional(),
  priority: z.int().min(1).max(2_000_000).optional(),
}

export const enqueueSchema = z.strictObject({
  owner,
  idempotencyKey: key.optional(),
  sameInput: z.string().max(1000).optional(),
  ...when,
})

const text = z.string().min(1).max(2000)
export const batchSchema = z.strictObject({
  owner,
  idempotencyKey: key.optional(),
  ...when,
  message: z.strictObject({ finished: text, failed: text }).optional(),
})

export const scheduleSchema = z
  .strictObject({
    owner,
    id: key,
    pattern: z.string().min(1).max(200).optional(),
    timeZone: z.string().min(1).max(100).optional(),
    every: z.int().min(1000).optional(),
  })
  .refine(
    ({ pattern, every }) => (pattern === undefined) !== (every === undefined),
    'expected "pattern" or "every"',
  )

/**
 * Checks the inputs of a batch.
 * @throws TypeError for none.
 */
export function checkInputs(inputs: readonly unknown[]): void {
  if (!Array.isArray(inputs))
    throw new TypeError(`enqueueBatch: expected an array of inputs, got ${shown(inputs).slice(0, 80)}`)
  if (inputs.length === 0) throw new TypeError('enqueueBatch: expected at least one input, got none')
}

/**
 * Checks options.
 * @throws TypeError that names what is wrong with them.
 */
export function checkOptions<T>(schema: z.ZodType<T>, options: unknown, of: string): T {
  const checked = schema.safeParse(options)
  if (!checked.success) throw new TypeError(`${of}: ${z.prettifyError(checked.error)}`)
  return checked.data
}
