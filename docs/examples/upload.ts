import { createHash, randomUUID } from 'node:crypto'
import { defineJob, InvalidInputError, type Jobs, KeyReusedError, TooManyJobsError } from '@tidings/jobs'
import { z } from 'zod'

export const readUpload = defineJob({
  name: 'read-upload',
  input: z.object({ file: z.string(), name: z.string().max(80) }),
  run: async ({ input }) => input.name.length,
  messages: { success: ({ input }) => `${input.name} was read.` },
})

/** Starts the job of a form that was posted, once, however often it is posted. */
export async function startReading(
  jobs: Jobs,
  form: { owner: string; key: string; name: string; content: string },
): Promise<{ status: number; job?: string; code?: string; message?: string }> {
  const { owner, key, name, content } = form
  const input = { file: randomUUID(), name } // stored under a new name each time
  const digest = createHash('sha256').update(content).digest('hex')
  try {
    const { id } = await jobs.enqueue(readUpload, input, {
      owner,
      idempotencyKey: key,
      sameInput: `${name} ${digest}`,
    })
    return { status: 303, job: id }
  } catch (error) {
    if (error instanceof InvalidInputError) return { status: 422, message: error.issues[0]?.message ?? '' }
    if (error instanceof KeyReusedError) return { status: 409, code: error.code }
    if (error instanceof TooManyJobsError) return { status: 429, code: error.code }
    return { status: 503, message: 'Press the button again: it can not start twice.' }
  }
}
