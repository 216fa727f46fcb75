// The jobs of a release, as a worker takes them: tidings worker --app test/deploy/release-jobs.mjs
// The blog's, and two of which releases differ: NEWER=1 is the release that knows version 2 of one, and another job by name.
import { blogJobs, createBlog } from '@tidings/blog'
import { defineJob } from '@tidings/jobs'
import { z } from 'zod'

const isNewer = process.env.NEWER === '1'
const label = z.string()
const messages = {
  success: ({ result }) => `The job “${result.label}” of ${result.by} succeeded.`,
  failure: ({ input, reason }) => `The job “${input?.label}” failed. ${reason}`,
}

/** Its input has another form since version 2. */
export const changed = version =>
  defineJob({
    name: 'changed',
    title: 'Changed',
    version,
    input: version === 1 ? z.object({ label }) : z.object({ label, copies: z.number().default(1) }),
    run: async ({ input }) => ({ label: input.label, by: `version ${version}` }),
    messages,
  })

/** The release before doesn't know it. */
export const added = defineJob({
  name: 'added',
  title: 'Added',
  input: z.object({ label }),
  run: async ({ input }) => ({ label: input.label, by: 'the newer release' }),
  messages,
})

export const definitions = ({ redis }) => [
  ...Object.values(blogJobs(createBlog({ redis }), { demo: true })),
  ...(isNewer ? [changed(2), added] : [changed(1)]),
]
