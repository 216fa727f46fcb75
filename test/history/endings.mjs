import { setTimeout as pause } from 'node:timers/promises'
import { defineJob, JobFailure, partial } from '@tidings/jobs'
import { z } from 'zod'

export const ENDINGS = {
  success: ['success'],
  partial: ['partial'],
  fails: ['failure'],
  flaky: ['success'],
  refuses: ['failure'],
  'kills-once': ['success'],
  'kills-always': ['failure'],
  slow: ['success'],
  blocks: ['success'],
  'throws-text': ['failure'],
  'throws-nothing': ['failure'],
  'throws-circular': ['failure'],
  'throws-much': ['failure'],
}

const never = async () => false

/** A job that ends as it is told; `once(label)` says whether it is the first to ask. */
export function endingJob(once = never) {
  return defineJob({
    name: 'ending',
    title: 'Ending',
    input: z.object({
      label: z.string(),
      ending: z.enum(Object.keys(ENDINGS)),
      /** How long it works, ms. */
      ms: z.number().min(0),
    }),
    attempts: 3,
    backoff: { type: 'fixed', delay: 100 },

    async run({ input: { label, ending, ms }, attempt, progress }) {
      if (ending === 'blocks') for (const start = Date.now(); Date.now() - start < ms; );
      else await pause(ms)
      await progress(0.5)
      switch (ending) {
        case 'partial':
          return partial({ label })
        case 'fails':
          throw new Error('it was to fail')
        case 'flaky':
          if (attempt === 1) throw new Error('it was to fail once')
          return { label }
        case 'refuses':
          throw new JobFailure('It was told to.')
        case 'kills-once':
          if (await once(label)) process.kill(process.pid, 'SIGKILL')
          return { label }
        case 'kills-always':
          return process.kill(process.pid, 'SIGKILL')
        case 'throws-text':
          throw 'a text, not an error <b>password=hunter2</b>'
        case 'throws-nothing':
          throw undefined
        case 'throws-circular':
          throw circular()
        case 'throws-much':
          throw new Error('much '.repeat(200_000))
        default:
          return { label }
      }
    },

    messages: {
      success: ({ input }) => `${input.label} ended well.`,
      partial: ({ input }) => `${input.label} ended in part.`,
      failure: ({ input, reason }) => `${input.label} failed. ${reason}`,
    },
  })
}

function circular() {
  const error = { text: 'it goes round' }
  error.self = error
  return error
}
