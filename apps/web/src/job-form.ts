import { randomUUID } from 'node:crypto'
import type { FormField } from './job-kinds/form-field.ts'
import type { StartableJobKind } from './job-kinds/job-kind.ts'
import type { SentForm } from './sent-form.ts'
import { zoneLabel } from './zoned-time.ts'

/** A form that was sent and is shown once more. */
export interface SentBefore {
  form: SentForm
  /** What is wrong with it, by field; that of no field is `''`. */
  problems: Record<string, string>
  /** Its key, where it is to be kept: pressing again then leads to the same job. */
  idempotencyKey: string | undefined
}

/** The form of a kind of job, as its template shows it. */
export function jobForm({ name, title, about, button, fields }: StartableJobKind, sent?: SentBefore) {
  return {
    name,
    title,
    about,
    button,
    action: `/jobs/${name}`,
    hasFile: fields.some(({ kind }) => kind === 'file'),
    // Pressing twice starts one job: the key is the form's, and stays with it when it has to be corrected.
    idempotencyKey: sent?.idempotencyKey ?? randomUUID(),
    problem: sent?.problems[''],
    /** In which its times are, where it asks for some. */
    zone: fields.some(({ kind }) => kind === 'time') ? (sent?.form.text('zone') ?? '') : undefined,
    zoneLabel: zoneLabel(sent?.form.text('zone') ?? ''),
    fields: fields.map(field => ({
      ...field,
      id: `${name}-${field.name}`,
      value: valueIn(field, sent?.form),
      problem: sent?.problems[field.name],
    })),
  }
}

// A tick that was taken away is sent as nothing.
function valueIn(field: FormField, form: SentForm | undefined): string {
  if (field.kind === 'file') return ''
  if (form === undefined) return field.initial
  return form.text(field.name, field.kind === 'checkbox' ? '' : field.initial, {
    lines: field.kind === 'lines',
  })
}
