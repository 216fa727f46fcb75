import { setTimeout as pause } from 'node:timers/promises'
import { defineJob, JobStopped, partial } from '@tidings/jobs'
import { z } from 'zod'

/** A job that says how far it is, and stops when it is told to. */
export const copyRows = defineJob({
  name: 'copy-rows',
  title: 'Copy rows',
  input: z.object({ rows: z.int().min(1), each: z.number() }),
  timeLimit: 500,
  async run({ input: { rows, each }, progress, signal, log }) {
    for (let row = 1; row <= rows; row++) {
      try {
        await pause(each, undefined, { signal }) // or fetch(url, { signal }), or signal.throwIfAborted()
      } catch (error) {
        const why = signal.reason
        if (!(why instanceof JobStopped)) throw error
        log.info({ row, why: why.code }, 'stopped') // cancelled, time-limit, lost-lock or shutdown
        if (why.code === 'time-limit') return partial({ rows: row - 1 }) // there is one more second
        throw why
      }
      await progress({ step: row, of: rows, text: `row ${row}` })
    }
    return { rows }
  },
  messages: {
    success: ({ result }) => `Copied ${result.rows} rows.`,
    partial: ({ result }) => `Time was up after ${result.rows} rows.`,
  },
})
