import { createHash, randomUUID } from 'node:crypto'
import type { AnyPagedJob } from '@tidings/blog'
import { z } from 'zod'
import type { SentForm, Upload } from '../sent-form.ts'
import { typedMoment } from '../zoned-time.ts'
import { faultWords, sizeWords } from './fault-words.ts'
import type { FormField } from './form-field.ts'

/** A form that was sent, as its job's input; or what is wrong with it, by field; that of no field is `''`. */
export type TypedInput =
  | { input: Record<string, unknown>; upload?: TypedUpload; digest: string; problems?: undefined }
  | { problems: Record<string, string> }

/** A file that came with the form, to be kept under the id that stands in the input. */
export interface TypedUpload {
  id: string
  name: string
  type: string
  content: Buffer
  maxBytes: number
}

const LONGEST_NAME = 200

/**
 * Reads a form: what stands in its fields, and what the server fills in, checked by the job's own schema. Nothing else that was
 * sent is looked at.
 * @throws Error where the schema refuses what the server itself has filled in
 */
export async function typedInput(
  { name, input: schema, page }: Pick<AnyPagedJob, 'name' | 'input' | 'page'>,
  fields: readonly FormField[],
  form: SentForm,
  owner: string,
): Promise<TypedInput> {
  const input: Record<string, unknown> = {}
  const problems: Record<string, string> = {}
  const zone = form.text('zone')
  const digest = createHash('sha256')
  let upload: TypedUpload | undefined
  for (const field of fields) {
    if (field.kind === 'file') {
      const file = form.file(field.name)
      const problem = fileProblem(field, file)
      if (problem !== undefined) problems[field.name] = problem
      if (problem !== undefined || file === undefined) continue
      upload = { id: randomUUID(), ...file, type: typeOf(field, file), maxBytes: field.upload.maxBytes }
      input[field.name] = upload.id
      if (field.upload.nameIn !== undefined) input[field.upload.nameIn] = file.name.slice(0, LONGEST_NAME)
      digest.update(file.content)
    } else {
      const typed = typedIn(field, form) ?? field.fallback
      const moment =
        field.kind === 'time' && typeof typed === 'string' ? momentIn(typed, zone) : { value: typed }
      if ('problem' in moment) problems[field.name] = moment.problem
      else input[field.name] = moment.value
      digest.update(JSON.stringify([field.name, input[field.name] ?? null]))
    }
  }
  for (const [name, extra] of Object.entries(page.fields ?? {}))
    if (extra?.filledIn !== undefined) input[name] = extra.filledIn({ owner })
  const checked = await z.safeParseAsync(schema, input, {
    error: issue => words(fields, issue.path?.[0], { ...issue, zone }),
  })
  for (const { path, message } of checked.error?.issues ?? []) {
    const at = fieldAt(fields, path[0])?.name ?? ''
    if (at === '' && path.length > 0)
      throw new Error(`Job "${name}": its schema refuses what the server fills in as "${String(path[0])}"`)
    problems[at] ??= message
  }
  if (Object.keys(problems).length > 0) return { problems }
  return { input, ...(upload && { upload }), digest: digest.digest('base64url') }
}

function typedIn(field: FormField, form: SentForm): unknown {
  if (field.kind === 'checkbox') return form.text(field.name) !== ''
  if (!form.has(field.name)) return undefined
  const typed = form.text(field.name, '', { lines: field.kind === 'lines' })
  switch (field.kind) {
    case 'text':
      return typed === '' && field.isLeftOut ? undefined : typed
    case 'lines':
      return typed === '' && field.isLeftOut ? undefined : typed.replace(/\r\n?/g, '\n')
    case 'number':
      return typed.trim() === '' ? undefined : numberIn(typed.trim())
    case 'select':
    case 'date':
    case 'time':
      return typed.trim() === '' ? undefined : typed.trim()
    default:
      return typed
  }
}

function numberIn(typed: string): number {
  return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d{1,3})?$/i.test(typed) ? Number(typed) : Number.NaN
}

// In the zone that the form names. What can't be a moment is left to the schema, or has words of its own where clocks are changed.
function momentIn(typed: string, zone: string): { value: string } | { problem: string } {
  if (!LOCAL.test(typed)) return { value: typed }
  const { moment, problem } = typedMoment(typed, zone)
  return moment ? { value: moment.toISOString() } : { problem }
}

const LOCAL = /^\d{4}-(0\d|1[0-2])-([0-2]\d|3[01])[T ]\d\d:\d\d(:\d\d)?$/

function fileProblem({ upload, isRequired }: FormField & { kind: 'file' }, file: Upload | undefined) {
  if (file === undefined) return isRequired ? 'Choose a file.' : undefined
  if (file.content.length > upload.maxBytes) return `Choose a file of at most ${sizeWords(upload.maxBytes)}.`
  if (upload.whyNot !== undefined) return upload.whyNot(file.content, file.name)
  if (file.content.length === 0) return 'The file is empty.'
  const endings = upload.accept.filter(each => each.startsWith('.'))
  const isKnown = endings.some(ending => file.name.toLowerCase().endsWith(ending.toLowerCase()))
  if (endings.length === 0 || isKnown) return undefined
  return `Choose a file whose name ends in ${endings.join(' or ')}.`
}

function typeOf({ upload }: FormField & { kind: 'file' }, { content, name }: Upload): string {
  return upload.typeOf?.(content, name) ?? 'application/octet-stream'
}

function words(fields: readonly FormField[], at: unknown, issue: Parameters<typeof faultWords>[1]) {
  const field = fieldAt(fields, at)
  return field ? faultWords(field, issue) : 'Please check what you entered.'
}

// What is wrong with a file's name is said where the file is chosen.
function fieldAt(fields: readonly FormField[], at: unknown): FormField | undefined {
  return fields.find(field => field.name === at || (field.kind === 'file' && field.upload.nameIn === at))
}
