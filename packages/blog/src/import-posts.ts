import { createHash } from 'node:crypto'
import { defineJob, JobFailure, partial } from '@tidings/jobs'
import { z } from 'zod'
import type { Blog } from './blog.ts'
import { type CsvPost, readCsvPosts } from './csv-posts.ts'
import type { StoredFile } from './file-store.ts'
import { type ImportResult, listed, NOUNS, nounOf, shownImport } from './import-result.ts'
import { withPage } from './job-page.ts'
import { readJsonPosts } from './json-posts.ts'
import { cleanLine, plural, quoted } from './plain-text.ts'
import type { PublishedPost } from './post.ts'
import { formatOf, type PostFormat, whyNotPosts } from './text-check.ts'

/** The largest file that an import takes: 10 MB. */
export const IMPORT_MAX_BYTES = 10 * 1024 * 1024

/** The most rows that an import takes, the header row not counted. */
export const IMPORT_MAX_ROWS = 50_000

const BATCH = 100
const KEPT_PROBLEMS = 100

/**
 * The job that reads an uploaded file of posts, CSV or JSON. It reads the file twice: first it checks every row and stores
 * nothing, so that a file that can't be read to its end imports nothing; then it stores what is valid. A post's id
 * comes from the job's id and the row, so a job that runs again, after a kill too, imports nothing twice.
 */
export function defineImportPosts(blog: Blog) {
  const definition = defineJob({
    name: 'import-posts',
    title: 'Import posts',
    input: z.object({
      file: z.string().min(1).meta({
        title: 'CSV or JSON file',
        description:
          'UTF-8, up to 10 MB. CSV with a header row, or a JSON list of objects: title and body, and if you like published_at and tags.',
      }),
      name: z.string().max(1000).transform(cleanLine),
    }),
    attempts: 3,
    backoff: { type: 'exponential', delay: 1_000 },
    timeLimit: 10 * 60_000,

    async run({ input, owner, jobId, progress, signal }) {
      const file = await blog.files.find(input.file)
      if (!file || file.owner !== owner)
        throw new JobFailure('The file is not there any more. Upload it again.')
      if (file.size > IMPORT_MAX_BYTES)
        throw new JobFailure('The file is larger than 10 MB. Split it in two.')
      const author = await blog.users.find(owner)
      if (!author) throw new JobFailure('Your account is not there any more.')
      const format = formatOf(await startOf(blog, file), input.name)
      const rows = (progress: Progress) => rowsOf(blog, file, { format, signal, progress })
      const result = await checkRows(
        format,
        rows(fraction => progress(50 * fraction, 'Checking the rows')),
      )

      const importedAt = new Date()
      const storing = rows(fraction => progress(50 + 50 * fraction, 'Storing the posts'))
      let batch: PublishedPost[] = []
      for await (const { post, row } of storing) {
        if (!post) continue
        const publishedAt = post.publishedAt ?? importedAt
        batch.push({ ...post, id: postId(jobId, row), author: author.username, authorId: owner, publishedAt })
        if (batch.length < BATCH) continue
        await blog.posts.saveNew(batch)
        batch = []
      }
      await blog.posts.saveNew(batch)
      return result.skipped > 0 ? partial(result) : result
    },

    messages: {
      success: ({ result }) => `Imported ${plural(result.imported, 'post')}.`,
      partial: ({ result, jobId }) => ({
        text: `Imported ${plural(result.imported, 'post')}, skipped ${plural(result.skipped, nounOf(result))} (${listed(result)}).`,
        link: { href: `/jobs/${jobId}`, text: 'See the import' },
      }),
      failure: ({ input, reason }) => `The import of ${quoted(input.name)} failed. ${reason}`,
    },
  })
  return withPage(definition, {
    form: {
      about: 'Adds the posts of a file to the blog. You may leave the page while it runs.',
      button: 'Import',
    },
    fields: {
      file: {
        upload: {
          accept: ['.csv', '.json', 'text/csv', 'application/json'],
          maxBytes: IMPORT_MAX_BYTES,
          nameIn: 'name',
          typeOf: (content, name) => TYPES[formatOf(content, name)],
          whyNot: (content, name) => whyNotPosts(content.subarray(0, LOOKED_AT), name),
        },
      },
    },
    result: shownImport,
  })
}

const TYPES = { csv: 'text/csv', json: 'application/json' }
const LOOKED_AT = 64 * 1024

async function checkRows(format: PostFormat, rows: AsyncIterable<FilePost>): Promise<ImportResult> {
  const noun = NOUNS[format]
  const result: ImportResult = { imported: 0, skipped: 0, problems: [] }
  for await (const { post, row, line, item, reason } of rows) {
    if (row > IMPORT_MAX_ROWS)
      throw new JobFailure(`It has more than 50,000 ${noun}s. Split it into smaller files.`)
    if (post) result.imported += 1
    else {
      result.skipped += 1
      if (result.problems.length < KEPT_PROBLEMS)
        result.problems.push({ line, ...(item !== undefined && { item }), reason })
    }
  }
  if (result.imported > 0) return result
  if (result.skipped === 0) throw new JobFailure(NONE[format])
  if (result.skipped === 1) throw new JobFailure(`Its only ${noun} is no post (${listed(result)}).`)
  throw new JobFailure(`None of its ${plural(result.skipped, noun)} is a post (${listed(result)}).`)
}

type Progress = (fraction: number) => Promise<void>

/** A row of a file: only JSON counts items. */
type FilePost = CsvPost & { item?: number }

const NONE = {
  csv: 'It has a header row, but no rows below it.',
  json: 'It is a list with nothing in it.',
}

/** Enough of a file to see what it is. */
async function startOf(blog: Blog, file: StoredFile): Promise<Uint8Array> {
  for await (const piece of blog.files.read(file.id)) return piece
  return new Uint8Array()
}

async function* rowsOf(
  blog: Blog,
  file: StoredFile,
  { format, signal, progress }: { format: PostFormat; signal: AbortSignal; progress: Progress },
): AsyncGenerator<FilePost> {
  let bytes = 0
  async function* content() {
    for await (const piece of blog.files.read(file.id)) {
      bytes += piece.length
      yield piece
      await progress(bytes / file.size) // once a piece of 256 kB: at most 40 times a pass
    }
  }
  let rows = 0
  const posts = format === 'json' ? readJsonPosts(content()) : readCsvPosts(content())
  for await (const row of posts) {
    if (rows++ % BATCH === 0) signal.throwIfAborted()
    yield row
  }
}

// Shaped like a UUID. The last group falls with the row, so that posts of one moment are listed in the file's order.
function postId(jobId: string, row: number): string {
  const hash = createHash('sha256').update(`import-posts:${jobId}`).digest('hex')
  const last = (0xffffffffffff - row).toString(16)
  return [hash.slice(0, 8), hash.slice(8, 12), hash.slice(12, 16), hash.slice(16, 20), last].join('-')
}
