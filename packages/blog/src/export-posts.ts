import { createHash } from 'node:crypto'
import { pipeline, Readable } from 'node:stream'
import { defineJob, JobFailure } from '@tidings/jobs'
import { stringify } from 'csv-stringify'
import { z } from 'zod'
import type { Blog } from './blog.ts'
import { COLUMNS } from './csv-posts.ts'
import { FileTooLargeError } from './file-store.ts'
import { withGuard } from './formula-guard.ts'
import { type JobResult, withPage } from './job-page.ts'
import { plural } from './plain-text.ts'
import type { PublishedPost } from './post.ts'

/** The largest export: 100 MB. It lies in Redis for a day. */
export const EXPORT_MAX_BYTES = 100 * 1024 * 1024

const DAY = 24 * 60 * 60_000

/**
 * The job that writes all published posts into a file for its owner, which they can download for a day. The CSV has
 * the columns that an import reads. The file's id comes from the job's id, so a job that runs again replaces its file.
 */
export function defineExportPosts(blog: Blog) {
  const definition = defineJob({
    name: 'export-posts',
    title: 'Export posts',
    input: z.object({
      format: z.enum(['csv', 'json'], 'Choose CSV or JSON.').default('csv').meta({ title: 'Format' }),
    }),
    attempts: 3,
    backoff: { type: 'exponential', delay: 1_000 },
    timeLimit: 10 * 60_000,

    async run({ input, owner, jobId, progress, signal }) {
      const { total } = await blog.posts.list({ perPage: 1 })
      let posts = 0
      async function* counted() {
        for await (const post of blog.posts.all()) {
          if (posts % 500 === 0) {
            signal.throwIfAborted()
            await progress({ step: posts, of: Math.max(1, total), text: plural(posts, 'post') })
          }
          posts += 1
          yield post
        }
      }
      const { type, write } = FORMATS[input.format]
      const content = write(counted())
      const name = `posts.${input.format}`
      const limits = { maxBytes: EXPORT_MAX_BYTES }
      try {
        const file = await blog.files.save(
          { id: fileId(jobId), owner, name, type, content, ttl: DAY },
          limits,
        )
        return { file: file.id, name, posts, expiresAt: file.expiresAt.toISOString() }
      } catch (error) {
        if (error instanceof FileTooLargeError) throw new JobFailure('The posts take more than 100 MB.')
        throw error
      }
    },

    messages: {
      success: ({ result }) => ({
        text: `Your export of ${plural(result.posts, 'post')} is ready.`,
        link: { href: `/files/${result.file}`, text: `Download ${result.name}` },
      }),
      failure: ({ input, reason }) =>
        `The export of the posts as ${input.format.toUpperCase()} failed. ${reason}`,
    },
  })
  return withPage(definition, {
    form: {
      about:
        'Puts every published post into one file. A message brings you the link to it; the file is kept for a day.',
      button: 'Export',
    },
    fields: { format: { options: FORMAT_WORDS } },
    result: shownResult,
  })
}

const FORMAT_WORDS = {
  csv: { text: 'CSV', more: 'for spreadsheets and for importing again' },
  json: { text: 'JSON', more: 'for programs' },
}

const resultSchema = z.object({
  file: z.string(),
  name: z.string(),
  posts: z.number(),
  expiresAt: z.coerce.date(),
})

function shownResult(result: unknown): JobResult | undefined {
  const { data } = resultSchema.safeParse(result)
  return (
    data && {
      facts: [{ term: 'Exported', value: plural(data.posts, 'post') }],
      file: { id: data.file, name: data.name, expiresAt: data.expiresAt },
    }
  )
}

const FORMATS = {
  csv: { type: 'text/csv; charset=utf-8', write: writeCsv },
  json: { type: 'application/json', write: writeJson },
}

// Every cell is quoted, so that spaces at its ends survive an import.
function writeCsv(posts: AsyncIterable<PublishedPost>): AsyncIterable<Uint8Array> {
  const stringifier = stringify({
    columns: [...COLUMNS],
    header: true,
    quoted: true,
    record_delimiter: 'windows',
  })
  const rows = Readable.from(posts).map((post: PublishedPost) => [
    withGuard(post.title),
    withGuard(post.body),
    post.publishedAt.toISOString(),
    withGuard(post.tags.join('; ')),
  ])
  // An error of either stream reaches whoever reads the returned one.
  return pipeline(rows, stringifier, () => undefined)
}

async function* writeJson(posts: AsyncIterable<PublishedPost>): AsyncGenerator<Uint8Array> {
  let before = '[\n'
  for await (const { id, title, body, tags, author, publishedAt } of posts) {
    yield Buffer.from(before + JSON.stringify({ id, title, body, tags, author, published_at: publishedAt }))
    before = ',\n'
  }
  yield Buffer.from(before === '[\n' ? '[]\n' : '\n]\n')
}

function fileId(jobId: string): string {
  const hash = createHash('sha256').update(`export-posts:${jobId}`).digest('hex')
  return hash.slice(0, 32).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}
