import { z } from 'zod'
import type { JobResult } from './job-page.ts'
import { plural } from './plain-text.ts'
import type { PostFormat } from './text-check.ts'

/** A row that was skipped: the line of the file in which it starts, its number among the items of a JSON list, and why. */
export interface SkippedRow {
  line: number
  item?: number
  reason: string
}

/** What an import came to: `problems` holds the first 100 of the skipped rows. */
export interface ImportResult {
  imported: number
  skipped: number
  problems: SkippedRow[]
}

/** What a file's posts are called. */
export const NOUNS = { csv: 'row', json: 'item' } as const satisfies Record<PostFormat, string>

const TOLD_PROBLEMS = 5

/** The word for what an import has skipped. */
export function nounOf({
  problems: [first],
}: {
  problems: readonly { item?: number | undefined }[]
}): string {
  return first?.item === undefined ? NOUNS.csv : NOUNS.json
}

/** The first of the skipped rows in one sentence, and how many more there are. */
export function listed({ skipped, problems }: ImportResult): string {
  const told = problems.slice(0, TOLD_PROBLEMS).map(({ line, item, reason }) => {
    return item === undefined ? `line ${line}: ${reason}` : `item ${item} in line ${line}: ${reason}`
  })
  const more = skipped - told.length
  return [...told, ...(more > 0 ? [`and ${more.toLocaleString('en')} more`] : [])].join('; ')
}

/** An import as its job's page tells of it. */
export function shownImport(result: unknown): JobResult | undefined {
  const { data } = resultSchema.safeParse(result)
  if (data === undefined) return undefined
  const { imported, skipped, problems } = data
  const lines = problems.map(({ line, item, reason }) => ({
    line,
    reason: item === undefined ? reason : `Item ${item}: ${reason}`,
  }))
  return {
    facts: [
      { term: 'Imported', value: plural(imported, 'post') },
      { term: 'Skipped', value: plural(skipped, nounOf(data)) },
    ],
    ...(skipped > 0 && { skipped: { lines, more: Math.max(0, skipped - problems.length) } }),
  }
}

const resultSchema = z.object({
  imported: z.number(),
  skipped: z.number(),
  problems: z
    .array(z.object({ line: z.number(), item: z.number().optional(), reason: z.string() }))
    .default([]),
})
