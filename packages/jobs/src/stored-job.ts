import { z } from 'zod'

/** What BullMQ keeps as a job's data. */
export const storedDataSchema = z.object({ owner: z.string().min(1), input: z.unknown() })

export type StoredData = z.output<typeof storedDataSchema>

/** What BullMQ keeps as a job's return value. */
export const storedResultSchema = z.object({ kind: z.enum(['success', 'partial']), result: z.unknown() })

export type StoredResult = z.output<typeof storedResultSchema>

/** What BullMQ keeps as a job's progress. */
export const storedProgressSchema = z.object({ fraction: z.number(), text: z.string().optional() })
