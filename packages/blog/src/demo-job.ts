import { setTimeout as wait } from 'node:timers/promises'
import { defineJob, JobFailure, partial } from '@tidings/jobs'
import { z } from 'zod'
import { withPage } from './job-page.ts'
import { characters } from './plain-text.ts'

const MOST_SECONDS = 3600
const LONGEST_LABEL = 200

/** The ways in which the demo job can end. */
export const DEMO_OUTCOMES = ['succeed', 'fail', 'flaky', 'partial', 'crash', 'hang'] as const

/**
 * The job that ends as it is told to: it works for `seconds` (0 to 3600), and then it succeeds, fails, fails once and
 * succeeds when tried again (`flaky`), succeeds in part, kills its worker (`crash`) or does nothing any more until
 * somebody stops it (`hang`; it gives itself up after another `options.hangsFor` milliseconds, a minute by default). Each
 * of its messages shows `label`.
 */
export function defineDemo({ hangsFor = 60_000 }: { hangsFor?: number } = {}) {
  const definition = defineJob({
    name: 'demo',
    title: 'Demo',
    input: z.object({
      label: z
        .string()
        .refine(label => characters(label) <= LONGEST_LABEL, `Use ${LONGEST_LABEL} characters at most.`)
        .default('')
        .meta({ title: 'Label', description: 'Appears in its messages.', maxLength: LONGEST_LABEL }),
      outcome: z
        .enum(DEMO_OUTCOMES, 'Choose how it should end.')
        .default('succeed')
        .meta({ title: 'How it ends' }),
      seconds: z.coerce.number().min(0).max(MOST_SECONDS).default(0).meta({ title: 'Seconds' }),
    }),
    attempts: 3,
    backoff: { type: 'fixed', delay: 1_000 },
    timeLimit: MOST_SECONDS * 1_000 + hangsFor + 60_000,

    async run({ input, attempt, progress, signal }) {
      await work(input.seconds, signal, progress)
      const result = { seconds: input.seconds }
      switch (input.outcome) {
        case 'succeed':
          return result
        case 'partial':
          return partial(result)
        case 'fail':
          throw new JobFailure('It was told to fail.')
        case 'flaky':
          if (attempt === 1) throw new Error('The demo job was told to fail once.')
          return result
        case 'crash':
          process.kill(process.pid, 'SIGKILL')
          throw new Error('The demo job could not kill its worker.')
        case 'hang':
          await wait(hangsFor, undefined, { signal })
          throw new JobFailure(`It did nothing for ${hangsFor / 1_000} seconds.`)
      }
    },

    messages: {
      overdue: ({ input }) => `The demo job${named(input.label)} is taking longer than expected.`,
      success: ({ input }) => `The demo job${named(input.label)} succeeded.`,
      partial: ({ input }) => `The demo job${named(input.label)} succeeded in part.`,
      failure: ({ input, reason }) => `The demo job${named(input.label)} failed. ${reason}`,
      cancelled: ({ input }) => `The demo job${named(input.label)} was cancelled.`,
    },
  })
  return withPage(definition, {
    form: {
      about: 'Does nothing for some seconds and then ends as you choose, to show you what its owner is told.',
    },
    fields: { outcome: { options: OUTCOME_WORDS }, seconds: { initial: '2' } },
  })
}

const OUTCOME_WORDS: Record<(typeof DEMO_OUTCOMES)[number], string> = {
  succeed: 'It succeeds',
  fail: 'It fails',
  flaky: 'It fails once, then succeeds',
  partial: 'It succeeds in part',
  crash: 'It kills its worker, each time',
  hang: 'It hangs',
}

async function work(
  seconds: number,
  signal: AbortSignal,
  progress: (percent: number, text?: string) => Promise<void>,
) {
  signal.throwIfAborted()
  const started = performance.now()
  for (let passed = 0; passed < seconds; passed = (performance.now() - started) / 1_000) {
    await progress((100 * passed) / seconds, `${Math.floor(passed)} of ${seconds} seconds`)
    await wait(Math.min(1_000, (seconds - passed) * 1_000), undefined, { signal })
  }
}

// As it was typed: no cleaning, no trimming.
function named(label: string): string {
  return label === '' ? '' : ` “${label}”`
}
