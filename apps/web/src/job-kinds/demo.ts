import type { blogJobs } from '@tidings/blog'
import type { Jobs } from '@tidings/jobs'
import { z } from 'zod'
import type { SentForm } from '../sent-form.ts'
import type { StartableJobKind } from './job-kind.ts'

const MAX_LABEL = 200
const MAX_SECONDS = 3600

const OUTCOMES = [
  { value: 'succeed', text: 'It succeeds' },
  { value: 'fail', text: 'It fails' },
  { value: 'flaky', text: 'It fails once, then succeeds' },
  { value: 'partial', text: 'It succeeds in part' },
  { value: 'crash', text: 'It kills its worker, each time' },
  { value: 'hang', text: 'It hangs' },
] as const

const inputSchema = z.object({ label: z.string(), outcome: z.string(), seconds: z.number() }).partial()

/** A job that ends as it is told to. */
export function demo(parts: {
  jobs: Jobs
  definition: NonNullable<ReturnType<typeof blogJobs>['demo']>
}): StartableJobKind {
  const { jobs, definition } = parts
  return {
    name: definition.name,
    title: 'Demo job',
    about: 'Does nothing for some seconds and then ends as you choose, to show you what its owner is told.',
    button: 'Start',
    fields: [
      {
        kind: 'text',
        name: 'label',
        label: 'Label',
        hint: 'Appears in its messages.',
        maxLength: MAX_LABEL,
        initial: '',
      },
      { kind: 'select', name: 'outcome', label: 'How it ends', options: OUTCOMES, initial: 'succeed' },
      { kind: 'number', name: 'seconds', label: 'Seconds', min: 0, max: MAX_SECONDS, initial: '2' },
    ],
    problems,
    async start(form, options) {
      return jobs.enqueue(definition, { ...values(form), outcome: outcomeOf(form) ?? 'succeed' }, options)
    },
    async again(input, { owner }) {
      const { data } = definition.input.safeParse(input)
      if (data === undefined) return { gone: 'What this job was given can’t be read any more.' }
      return { start: options => jobs.enqueue(definition, data, { owner, ...options }) }
    },
    given(input) {
      const { label, outcome, seconds } = inputSchema.safeParse(input).data ?? {}
      return [
        { term: 'Label', text: label || 'no label' },
        { term: 'How it ends', text: OUTCOMES.find(({ value }) => value === outcome)?.text ?? 'Unknown' },
        { term: 'Seconds', text: String(seconds ?? 0) },
      ]
    },
    result: () => ({ facts: [] }),
  }
}

function problems(form: SentForm): Record<string, string> {
  const { label, seconds } = values(form)
  return {
    ...(Array.from(label).length > MAX_LABEL && { label: `Use ${MAX_LABEL} characters at most.` }),
    ...(outcomeOf(form) === undefined && { outcome: 'Choose how it should end.' }),
    ...(!(seconds >= 0 && seconds <= MAX_SECONDS) && { seconds: `Use a number from 0 to ${MAX_SECONDS}.` }),
  }
}

function values(form: SentForm) {
  const seconds = form.text('seconds').trim()
  return { label: form.text('label'), seconds: /^\d*\.?\d*$/.test(seconds) ? Number(seconds) : Number.NaN }
}

function outcomeOf(form: SentForm) {
  const chosen = form.text('outcome', 'succeed')
  return OUTCOMES.find(({ value }) => value === chosen)?.value
}
