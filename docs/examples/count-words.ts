import { defineJob } from '@tidings/jobs'
import { z } from 'zod'

/** A job that runs in a process of its own. */
export const countWords = defineJob({
  name: 'count-words',
  input: z.object({ text: z.string() }),
  timeLimit: 5000,
  sandbox: new URL('./words.js', import.meta.url),
  messages: { success: ({ result }: { result: number }) => `${result} words.` },
})
