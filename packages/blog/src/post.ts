import { z } from 'zod'
import { characters, cleanLine, cleanText, quoted } from './plain-text.ts'
import { storedDate } from './stored-date.ts'

/**
 * A post as it is kept. It is public from `publishedAt` on; without one it is a draft, which a job is to publish at
 * `schedule.at` where it has a schedule. `schedule.key` tells one schedule from the next, `schedule.job` is the job's id,
 * as far as it is known. The schedule of a published post is the one that published it.
 */
export const postRecord = z.object({
  id: z.string().min(1),
  title: z.string(),
  body: z.string(),
  tags: z.array(z.string()),
  author: z.string(),
  authorId: z.string(),
  publishedAt: storedDate.optional(),
  schedule: z.object({ at: storedDate, key: z.string(), job: z.string().optional() }).optional(),
})

/** A post of the blog; `author` is the username of who wrote it, `authorId` their id. */
export type Post = z.output<typeof postRecord>

/** A post that has a date of publication. */
export type PublishedPost = Post & { publishedAt: Date }

const isoDate = z.union([z.iso.date(), z.iso.datetime({ offset: true, local: true })])

/**
 * What somebody writes to make a post, as text (a cell of a file, a field of a form), cleaned and checked:
 * `title` (1 to 200 characters, one line), `body` (1 to 100,000), `tags` (up to 10 of up to 40 characters,
 * separated by commas or semicolons) and `publishedAt` (an ISO date or date-time, UTC unless it says otherwise;
 * empty: undefined). Each issue's message finishes a sentence, like "the title is missing".
 */
export const postInput = z.object({
  title: z
    .string()
    .default('')
    .transform(cleanLine)
    .refine(title => title !== '', { error: 'the title is missing', abort: true })
    .refine(title => characters(title) <= 200, 'the title is longer than 200 characters'),
  body: z
    .string()
    .default('')
    .transform(cleanText)
    .refine(body => body.trim() !== '', { error: 'the body is missing', abort: true })
    .refine(body => characters(body) <= 100_000, 'the body is longer than 100,000 characters'),
  tags: z
    .string()
    .default('')
    .transform(splitTags)
    .refine(tags => tags.length <= 10, 'it has more than 10 tags')
    .refine(tags => tags.every(tag => characters(tag) <= 40), 'a tag is longer than 40 characters'),
  publishedAt: z
    .string()
    .default('')
    .transform((text, context) => {
      const written = text.trim().replace(/^(\d{4}-\d\d-\d\d) (?=\d)/, '$1T')
      if (written === '') return undefined
      if (isoDate.safeParse(written).success) return asDate(written)
      const message = `${quoted(text)} is no date like 2026-11-22 or 2026-11-22T10:00:00Z`
      context.addIssue({ code: 'custom', message })
      return z.NEVER
    }),
})

function splitTags(text: string): string[] {
  const tags = text.split(/[,;]/).map(cleanLine)
  return [...new Set(tags)].filter(tag => tag !== '')
}

// Without an offset a time would mean something else on every machine that reads it: it is UTC.
function asDate(written: string): Date {
  const local = /T/.test(written) && !/(Z|[+-]\d\d:?\d\d)$/i.test(written)
  return new Date(local ? `${written}Z` : written)
}
