import type { blogJobs } from '@tidings/blog'
import type { Jobs } from '@tidings/jobs'
import { z } from 'zod'
import { inNumbers } from '../in-numbers.ts'
import { shownTime } from '../shown-time.ts'
import { NO_RESULT, type StartableJobKind } from './job-kind.ts'

const FORMATS = [
  { value: 'csv', text: 'CSV, for spreadsheets and for importing again' },
  { value: 'json', text: 'JSON, for programs' },
] as const

const inputSchema = z.object({ format: z.string() })
const resultSchema = z.object({
  file: z.string(),
  name: z.string(),
  posts: z.number(),
  expiresAt: z.coerce.date(),
})

/** Exporting all posts to a file. */
export function exportPosts(parts: {
  jobs: Jobs
  definition: ReturnType<typeof blogJobs>['exportPosts']
}): StartableJobKind {
  const { jobs, definition } = parts
  return {
    name: definition.name,
    title: definition.title,
    about:
      'Puts every published post into one file. A message brings you the link to it; the file is kept for a day.',
    button: 'Export',
    fields: [{ kind: 'radio', name: 'format', label: 'Format', options: FORMATS, initial: 'csv' }],
    problems(form): Record<string, string> {
      return formatOf(form.text('format', 'csv')) === undefined ? { format: 'Choose CSV or JSON.' } : {}
    },
    async start(form, options) {
      return jobs.enqueue(definition, { format: formatOf(form.text('format', 'csv')) ?? 'csv' }, options)
    },
    async again(input, { owner }) {
      const { data } = definition.input.safeParse(input)
      if (data === undefined) return { gone: 'What this export was given can’t be read any more.' }
      return { start: options => jobs.enqueue(definition, data, { owner, ...options }) }
    },
    given(input) {
      const { data } = inputSchema.safeParse(input)
      return data === undefined ? [] : [{ term: 'Format', text: data.format.toUpperCase() }]
    },
    result(result) {
      const { data } = resultSchema.safeParse(result)
      if (data === undefined) return NO_RESULT
      const { file, name, posts, expiresAt } = data
      return {
        facts: [{ term: 'Exported', text: inNumbers(posts, 'post') }],
        download: {
          href: `/files/${encodeURIComponent(file)}`,
          name,
          expires: shownTime(expiresAt),
          isExpired: expiresAt.getTime() <= Date.now(),
        },
      }
    },
  }
}

function formatOf(value: string): 'csv' | 'json' | undefined {
  return FORMATS.find(format => format.value === value)?.value
}
