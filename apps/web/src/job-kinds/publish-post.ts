import type { blogJobs } from '@tidings/blog'
import { z } from 'zod'
import { shownTime } from '../shown-time.ts'
import type { JobKind } from './job-kind.ts'

const inputSchema = z.object({ title: z.string(), at: z.coerce.date() })
const resultSchema = z.object({ title: z.string() })

/** Publishing a post at its time. It has no form here: it is started where the post is written. */
export function publishPost(parts: { definition: ReturnType<typeof blogJobs>['publishPost'] }): JobKind {
  return {
    name: parts.definition.name,
    title: parts.definition.title,
    given(input) {
      const { data } = inputSchema.safeParse(input)
      if (data === undefined) return []
      return [
        { term: 'Title', text: data.title },
        { term: 'Time', text: shownTime(data.at).text },
      ]
    },
    result(result) {
      const { data } = resultSchema.safeParse(result)
      return { facts: data === undefined ? [] : [{ term: 'Published', text: data.title }] }
    },
  }
}
