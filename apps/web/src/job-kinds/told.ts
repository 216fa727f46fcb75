import type { AnyPagedJob, JobFact, JobResult as ToldResult } from '@tidings/blog'
import { shownTime } from '../shown-time.ts'
import type { FormField } from './form-field.ts'
import type { Fact, JobResult } from './job-kind.ts'

/** What a page says of a field that was left empty. */
export const LEFT_EMPTY = 'None'

const LONGEST = 1000
const NOTHING: JobResult = { facts: [] }

/** What a job was given, for its page: in its definition's words, or else what was chosen in each field. */
export function given(
  { input: schema, page }: Pick<AnyPagedJob, 'input' | 'page'>,
  fields: readonly FormField[],
  input: unknown,
): Fact[] {
  if (page.given === undefined) return fields.flatMap(field => factOf(field, input))
  const checked = schema['~standard'].validate(input)
  if (checked instanceof Promise) checked.catch(() => {})
  else if (!checked.issues) return page.given(checked.value).map(shownFact)
  return []
}

/** What came of a job, for its page. */
export function result({ page }: Pick<AnyPagedJob, 'page'>, stored: unknown): JobResult {
  const told: ToldResult | undefined = page.result?.(stored)
  if (told === undefined) return NOTHING
  const { facts, skipped, file } = told
  return {
    facts: facts.map(shownFact),
    ...(skipped && { skipped }),
    ...(file && {
      download: {
        href: `/files/${encodeURIComponent(file.id)}`,
        name: file.name,
        expires: shownTime(file.expiresAt),
        isExpired: file.expiresAt.getTime() <= Date.now(),
      },
    }),
  }
}

// As it is stored, maybe by another version: what can't be told is left out.
function factOf(field: FormField, input: unknown): Fact[] {
  const at = field.kind === 'file' ? (field.upload.nameIn ?? field.name) : field.name
  const value = typeof input === 'object' && input !== null ? Reflect.get(input, at) : undefined
  if (field.kind === 'time' && typeof value === 'string' && !Number.isNaN(Date.parse(value)))
    return [{ term: field.label, ...momentOf(new Date(value)) }]
  const text = textOf(field, value)
  return text === undefined ? [] : [{ term: field.label, text }]
}

function textOf(field: FormField, value: unknown): string | undefined {
  if (field.kind === 'checkbox') return typeof value === 'boolean' ? (value ? 'Yes' : 'No') : undefined
  if (typeof value === 'number') return String(value)
  if (value === '' || value === undefined) return LEFT_EMPTY
  if (typeof value !== 'string') return undefined
  if (field.kind === 'file') return field.upload.nameIn === undefined ? 'A file' : cut(value)
  if (field.kind === 'radio' || field.kind === 'select')
    return field.options.find(option => option.value === value)?.text ?? cut(value)
  return cut(value)
}

function shownFact({ term, value }: JobFact): Fact {
  return { term, ...(value instanceof Date ? momentOf(value) : { text: String(value) }) }
}

function momentOf(date: Date): Pick<Fact, 'text' | 'iso'> {
  const { text, iso } = shownTime(date)
  return { text, iso }
}

function cut(text: string): string {
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}…`
}
