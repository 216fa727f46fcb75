import { JobFailure } from '@tidings/jobs'
import type { z } from 'zod'
import type { CsvRow } from './csv-rows.ts'
import { readCsvRows } from './csv-rows.ts'
import { withoutGuard } from './formula-guard.ts'
import { quoted } from './plain-text.ts'
import { postInput } from './post.ts'

/** The columns of a CSV file of posts, as an export writes them. An import needs `title` and `body`. */
export const COLUMNS = ['title', 'body', 'published_at', 'tags'] as const

/** A row that is a post, or the reason why it is none; `row` counts the file's rows from 1, without the header. */
export type CsvPost = { row: number; line: number } & (
  | { post: z.output<typeof postInput>; reason?: undefined }
  | { post?: undefined; reason: string }
)

/**
 * Reads the posts of a CSV file, good and bad ones, in the file's order.
 * @throws JobFailure where the file itself is at fault: no CSV, no header row, a column missing or there twice
 */
export async function* readCsvPosts(content: AsyncIterable<Uint8Array>): AsyncGenerator<CsvPost> {
  let header: Header | undefined
  let row = 0
  for await (const { line, cells } of readCsvRows(content)) {
    if (!header) {
      header = readHeader(cells)
      continue
    }
    row += 1
    yield { row, line, ...readPost(cells, header) }
  }
  if (!header) throw new JobFailure('The file is empty.')
}

interface Header {
  width: number
  at: Partial<Record<(typeof COLUMNS)[number], number>>
}

function readHeader(cells: CsvRow['cells']): Header {
  const names = cells.map(cell => cell.trim().toLowerCase())
  const header: Header = { width: names.length, at: {} }
  for (const column of COLUMNS) {
    const index = names.indexOf(column)
    if (index < 0) continue
    if (names.includes(column, index + 1)) throw new JobFailure(`It has two columns called “${column}”.`)
    header.at[column] = index
  }
  const missing = (['title', 'body'] as const).filter(column => header.at[column] === undefined)
  if (missing.length > 0) throw new JobFailure(missingText(missing, cells))
  return header
}

function missingText(missing: string[], cells: string[]): string {
  const [first = ''] = cells
  const columns = missing.map(column => `“${column}”`).join(' and ')
  const text = `Its first row must name the columns, and ${columns} ${missing.length > 1 ? 'are' : 'is'} missing.`
  return cells.length === 1 && /[;\t]/.test(first)
    ? `${text} It begins with ${quoted(first)}: separate the columns with commas.`
    : `${text} It begins with ${quoted(cells.join(', '))}.`
}

function readPost(cells: string[], header: Header) {
  if (cells.slice(header.width).some(cell => cell !== '')) {
    const counts = `it has ${cells.length} cells, the header row ${header.width}`
    return { reason: `${counts} (a text with a comma in it needs quotes around it)` }
  }
  const cell = (column: (typeof COLUMNS)[number]) => withoutGuard(cells[header.at[column] ?? -1] ?? '')
  const result = postInput.safeParse({
    title: cell('title'),
    body: cell('body'),
    publishedAt: cell('published_at'),
    tags: cell('tags'),
  })
  if (result.success) return { post: result.data }
  return { reason: result.error.issues.map(issue => issue.message).join(', ') }
}
