import { momentInWords, zoneLabel } from '../zoned-time.ts'
import type { FormField } from './form-field.ts'

/** What zod says of a value: only what the words need. */
export interface Issue {
  readonly code?: string | undefined
  readonly minimum?: unknown
  readonly maximum?: unknown
  readonly format?: unknown
  /** In which the form's times are; `''` for UTC. */
  readonly zone: string
}

/** What is wrong with a field, for whoever filled it in: where the schema has no words of its own. */
export function faultWords(field: FormField, issue: Issue): string {
  switch (field.kind) {
    case 'text':
    case 'lines':
      return textWords(field, issue)
    case 'number':
      return `Use ${numberWords(field)}.`
    case 'radio':
    case 'select':
      return 'Choose one of these.'
    case 'date':
      return 'Choose a date, or write it like 2026-11-22.'
    case 'time':
      return timeWords(issue)
    case 'checkbox':
      return 'Tick this to go on.'
    case 'file':
      return 'Choose a file.'
  }
}

/** How large a file may be. */
export function sizeWords(bytes: number): string {
  const [unit, name] = bytes >= 1024 * 1024 ? [1024 * 1024, 'MB'] : [1024, 'kB']
  return `${Math.floor((10 * bytes) / unit) / 10} ${name}`
}

function textWords(field: FormField & { kind: 'text' | 'lines' }, { code, minimum, maximum, format }: Issue) {
  if (code === 'too_big') return `Use ${inWords(maximum)} characters at most.`
  if (code === 'too_small' && Number(minimum) > 1) return `Use at least ${inWords(minimum)} characters.`
  if (code === 'too_small' || code === 'invalid_type') return 'Fill this in.'
  if (format === 'email') return 'Write an e-mail address, such as ada@example.org.'
  if (format === 'url') return 'Write a whole address, such as https://example.org/.'
  return field.hint === undefined ? 'This can’t be taken as it is.' : 'Write it as it says here.'
}

function numberWords({ min, max, step, isWhole }: FormField & { kind: 'number' }): string {
  const noun = isWhole ? 'a whole number' : 'a number'
  const steps = typeof step === 'number' && step !== 1 ? `, in steps of ${inWords(step)}` : ''
  if (min !== undefined && max !== undefined) return `${noun} from ${min} to ${max}${steps}`
  if (min !== undefined) return `${noun} of at least ${min}${steps}`
  return max === undefined ? `${noun}${steps}` : `${noun} of at most ${max}${steps}`
}

function timeWords({ code, minimum, maximum, zone }: Issue): string {
  if (code === 'too_small') return `Choose a time that is not before ${momentWords(minimum, zone)}.`
  if (code === 'too_big') return `Choose a time that is not after ${momentWords(maximum, zone)}.`
  return `Write it like 2026-11-22 10:00, ${zone === '' ? 'in UTC' : zoneLabel(zone)}.`
}

function momentWords(moment: unknown, zone: string): string {
  const date = new Date(moment instanceof Date ? moment : Number(moment))
  return Number.isNaN(date.getTime()) ? 'that' : momentInWords(date, zone)
}

function inWords(count: unknown): string {
  return Number(count).toLocaleString('en', { maximumFractionDigits: 10 })
}
