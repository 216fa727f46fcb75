import type { AnyPagedJob, FieldExtras } from '@tidings/blog'
import { type FormField, LONGEST } from './form-field.ts'
import { type FieldSchema, inputSchemas } from './input-schema.ts'

/** What the server knows better than any form, and what a form of ours holds besides its fields. */
const NEVER_ASKED = ['owner', 'ownerId', 'user', 'userId', 'idempotencyKey', '_csrf', '_for', 'zone']
const RADIO_AT_MOST = 3

const EXPECTED =
  'text (z.string), a number (z.number), a choice (z.enum), a date (z.iso.date, z.iso.datetime, z.coerce.date), a tick (z.boolean); or `upload` or `filledIn` in the page’s `fields`'

/**
 * The fields of a job's form, made of its definition.
 * @returns what is wrong with the definition, instead, where a form can't be made of it: a line for each field
 */
export function fieldsOf(
  { input, page }: Pick<AnyPagedJob, 'input' | 'page'>,
  limits: { maxBytes: number },
): { fields: FormField[]; faults?: undefined } | { faults: string[]; fields?: undefined } {
  const schemas = inputSchemas(input)
  if (schemas === undefined)
    return { faults: ['input: expected z.object({ … }), of which a form can be made'] }
  const extras = new Map(Object.entries(page.fields ?? {}))
  const faults = [...extras.keys()]
    .filter(name => !schemas.has(name))
    .map(name => `field "${name}": expected one of ${[...schemas.keys()].join(', ')}`)
  const named = new Set([...extras.values()].map(extra => extra?.upload?.nameIn))
  const fields: FormField[] = []
  for (const [name, schema] of schemas) {
    const extra = extras.get(name) ?? {}
    if (extra.filledIn !== undefined || named.has(name)) continue
    const made = NEVER_ASKED.includes(name)
      ? 'expected `filledIn`, because nobody may say that in a form'
      : fieldOf(name, schema, extra, limits)
    if (typeof made === 'string') faults.push(`field "${name}": ${made}`)
    else fields.push(made)
  }
  if (fields.filter(({ kind }) => kind === 'file').length > 1) faults.push('expected one upload at most')
  return faults.length > 0 ? { faults } : { fields }
}

function fieldOf(
  name: string,
  schema: FieldSchema,
  extra: FieldExtras,
  { maxBytes }: { maxBytes: number },
): FormField | string {
  const { type, format, minLength = 0, maxLength } = schema
  const { lines, upload, options } = extra
  const isAsked = schema.isRequired
  const about = {
    name,
    label: schema.title ?? labelFrom(name),
    ...(schema.description !== undefined && { hint: schema.description }),
    initial: extra.initial ?? initialOf(schema),
    fallback: schema.default,
    isRequired: isAsked,
    isLeftOut: !isAsked && schema.default === undefined,
  }
  const values = schema.enum ?? schema.anyOf?.map(each => each.const)
  if (values === undefined && options !== undefined) return 'expected z.enum([ … ]) beside `options`'
  if (upload !== undefined) {
    if (type !== 'string') return `expected z.string() beside \`upload\`: the file's id; got ${got(schema)}`
    if (!(upload.maxBytes > 0 && upload.maxBytes <= maxBytes))
      return `expected maxBytes up to ${maxBytes}, which is the most that this site takes; got ${upload.maxBytes}`
    return { ...about, initial: '', kind: 'file', accept: upload.accept.join(','), upload }
  }
  if (values !== undefined) return choice(about, values, options)
  if (type === 'boolean') {
    const isRequired = schema.const === true
    return { ...about, kind: 'checkbox', isRequired, initial: about.initial === 'true' ? 'on' : '' }
  }
  if (type === 'number' || type === 'integer') return { ...about, kind: 'number', ...numberBounds(schema) }
  if (type !== 'string') return `expected ${EXPECTED}; got ${got(schema)}`
  if (format === 'date') return { ...about, kind: 'date' }
  if (format === 'date-time') return { ...about, kind: 'time', initial: about.initial.slice(0, 16) }
  const isRequired = isAsked && (minLength > 0 || format !== undefined)
  const longest = lines === undefined ? LONGEST.text : LONGEST.lines
  if (maxLength !== undefined && maxLength > LONGEST.lines)
    return `expected at most ${LONGEST.lines} characters; got ${maxLength}`
  const length = { isRequired, maxLength: Math.min(maxLength ?? longest, LONGEST.lines) }
  if (lines !== undefined) return { ...about, ...length, kind: 'lines', rows: lines }
  return {
    ...about,
    ...length,
    kind: 'text',
    type: format === 'email' ? 'email' : format === 'uri' ? 'url' : 'text',
  }
}

function choice(
  about: Omit<FormField, 'kind'>,
  values: readonly string[],
  words: FieldExtras['options'] = {},
): FormField | string {
  const stray = Object.keys(words).find(value => !values.includes(value)) ?? about.initial
  if (stray !== '' && !values.includes(stray))
    return `expected options and an initial value out of ${values.join(', ')}; got ${stray}`
  const options = values.map(value => {
    const said = Object.hasOwn(words, value) ? words[value] : undefined
    return { value, ...(typeof said === 'object' ? said : { text: said ?? labelFrom(value) }) }
  })
  // A list that isn't to begin with its first value begins with none.
  if (values.length <= RADIO_AT_MOST && (about.isRequired || about.initial !== ''))
    return { ...about, kind: 'radio', options }
  const none = { value: '', text: about.isRequired ? 'Choose one' : 'None of these' }
  const isLeftOut = about.isLeftOut || about.initial !== ''
  return { ...about, isLeftOut, kind: 'select', options: about.initial === '' ? [none, ...options] : options }
}

function numberBounds({
  type,
  minimum,
  maximum,
  exclusiveMinimum,
  exclusiveMaximum,
  multipleOf,
}: FieldSchema) {
  const isWhole = type === 'integer'
  const beyond = isWhole ? 1 : 0
  const [from, to] = [exclusiveMinimum, exclusiveMaximum]
  const min = minimum ?? (from === undefined ? undefined : from + beyond)
  const max = maximum ?? (to === undefined ? undefined : to - beyond)
  return {
    isWhole,
    // Those of all whole numbers are no bounds that a person has to know.
    ...(min !== undefined && min > Number.MIN_SAFE_INTEGER && { min }),
    ...(max !== undefined && max < Number.MAX_SAFE_INTEGER && { max }),
    step: multipleOf ?? (isWhole ? 1 : ('any' as const)),
  }
}

function initialOf(schema: FieldSchema): string {
  return schema.default === undefined ? '' : String(schema.default)
}

function got({ type, unknown }: FieldSchema): string {
  return type ?? unknown ?? 'several types'
}

/** `publishedAt` becomes `Published at`. */
function labelFrom(name: string): string {
  const words = name
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .replace(/[-_]+/g, ' ')
    .toLowerCase()
  return words.charAt(0).toUpperCase() + words.slice(1)
}
