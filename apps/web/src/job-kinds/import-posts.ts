import { createHash } from 'node:crypto'
import { type Blog, type blogJobs, formatOf, IMPORT_MAX_BYTES, whyNotPosts } from '@tidings/blog'
import type { Jobs } from '@tidings/jobs'
import { z } from 'zod'
import { inNumbers } from '../in-numbers.ts'
import { NO_RESULT, type StartableJobKind } from './job-kind.ts'

const KEPT_FOR = 24 * 60 * 60_000
const LOOKED_AT = 64 * 1024

const TYPES = { csv: 'text/csv', json: 'application/json' }

const inputSchema = z.object({ name: z.string() })
const resultSchema = z.object({
  imported: z.number(),
  skipped: z.number(),
  problems: z
    .array(z.object({ line: z.number(), item: z.number().optional(), reason: z.string() }))
    .default([]),
})

/** Importing posts from a CSV or JSON file. */
export function importPosts(parts: {
  jobs: Jobs
  files: Blog['files']
  definition: ReturnType<typeof blogJobs>['importPosts']
}): StartableJobKind {
  const { jobs, files, definition } = parts
  return {
    name: definition.name,
    title: definition.title,
    about: 'Adds the posts of a file to the blog. You may leave the page while it runs.',
    button: 'Import',
    fields: [
      {
        kind: 'file',
        name: 'file',
        label: 'CSV or JSON file',
        hint: 'UTF-8, up to 10 MB. CSV with a header row, or a JSON list of objects: title and body, and if you like published_at and tags.',
        accept: '.csv,.json,text/csv,application/json',
      },
    ],
    problems(form): Record<string, string> {
      const file = form.file('file')
      const problem =
        file === undefined ? 'Choose a file.' : whyNotPosts(file.content.subarray(0, LOOKED_AT), file.name)
      return problem === undefined ? {} : { file: problem }
    },
    async start(form, { owner, idempotencyKey }) {
      const upload = form.file('file')
      if (upload === undefined)
        throw new TypeError('Expected a form that was checked before: it has no file.')
      const file = await files.save(
        {
          owner,
          name: upload.name,
          type: TYPES[formatOf(upload.content, upload.name)],
          content: [upload.content],
          ttl: KEPT_FOR,
        },
        { maxBytes: IMPORT_MAX_BYTES },
      )
      return jobs.enqueue(
        definition,
        { file: file.id, name: upload.name.slice(0, 200) },
        // The file has another id each time that the form is sent.
        { owner, idempotencyKey, sameInput: digestOf(upload.content) },
      )
    },
    async again(input, { owner }) {
      const { data } = definition.input.safeParse(input)
      const file = data && (await files.find(data.file))
      if (data === undefined || file?.owner !== owner)
        return {
          gone: 'An uploaded file is kept for a day, and that day is over. Choose the file once more.',
        }
      return { start: options => jobs.enqueue(definition, data, { owner, ...options }) }
    },
    given(input) {
      const { data } = inputSchema.safeParse(input)
      return data === undefined ? [] : [{ term: 'File', text: data.name }]
    },
    result(result) {
      const { data } = resultSchema.safeParse(result)
      if (data === undefined) return NO_RESULT
      const { imported, skipped, problems } = data
      const noun = problems[0]?.item === undefined ? 'row' : 'item'
      const lines = problems.map(({ line, item, reason }) => ({
        line,
        reason: item === undefined ? reason : `Item ${item}: ${reason}`,
      }))
      return {
        facts: [
          { term: 'Imported', text: inNumbers(imported, 'post') },
          { term: 'Skipped', text: inNumbers(skipped, noun) },
        ],
        ...(skipped > 0 && { skipped: { lines, more: Math.max(0, skipped - problems.length) } }),
      }
    },
  }
}

function digestOf(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('base64url')
}
