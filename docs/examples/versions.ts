import { defineJob } from '@tidings/jobs'
import { z } from 'zod'

const first = z.object({ mail: z.string() })
const second = z.object({ mails: z.array(z.string()) })

/** Its input has a new form, and jobs of the old one are still in the queue. */
export const remind = defineJob({
  name: 'remind',
  version: 2, // a worker of the last release leaves these jobs to others
  input: z.union([second, first.transform(({ mail }) => ({ mails: [mail] }))]),
  run: async ({ input }) => input.mails.length,
  messages: { success: ({ result }) => `${result} were reminded.` },
})
