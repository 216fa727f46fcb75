import { defineJob } from '@tidings/jobs'
import { z } from 'zod'

/** A job that says what it was given wherever a job can say something. */
export const definitions = [
  defineJob({
    name: 'hostile',
    input: z.object({ text: z.string() }),
    attempts: 1,
    async run({ input: { text }, log, progress }) {
      log.warn({ text, [text]: text }, text)
      await progress(0.5, text)
      throw Object.assign(new Error(text), { code: text, cause: new Error(text) })
    },
    messages: { success: () => 'Done.', failure: () => 'Failed.' },
  }),
]
