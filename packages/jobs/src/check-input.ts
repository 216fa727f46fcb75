import type { StandardSchemaV1 } from '@standard-schema/spec'
import { InvalidInputError } from './invalid-input-error.ts'

const MAX_ISSUES = 20

/**
 * The input as the job's schema gives it back; a promise of it where the schema takes its time (an async Standard Schema).
 * @throws InvalidInputError where the schema refuses it.
 */
export function checkInput<Schema extends StandardSchemaV1>(
  definition: { name: string; input: Schema },
  input: unknown,
): StandardSchemaV1.InferOutput<Schema> | Promise<StandardSchemaV1.InferOutput<Schema>> {
  const checking = definition.input['~standard'].validate(input)
  if (checking instanceof Promise) return checking.then(checked => accepted(definition.name, checked))
  return accepted(definition.name, checking)
}

/**
 * The same for input that is to be stored, as JSON: what JSON turns into something else has to be good as that, too.
 * @throws InvalidInputError where JSON can't hold it, or the schema refuses it as it will come out of JSON.
 */
export async function checkNewInput<Schema extends StandardSchemaV1>(
  definition: { name: string; input: Schema },
  input: unknown,
): Promise<StandardSchemaV1.InferOutput<Schema>> {
  const checked = await checkInput(definition, input)
  if (!isJson(input)) await checkInput(definition, throughJson(definition.name, input))
  return checked
}

/**
 * The same without waiting and without refusing: for the words of a job that did not run here. Where the schema takes its
 * time, refuses or throws, it is the input as it was given.
 */
export function inputForWords({ input: schema }: { input: StandardSchemaV1 }, input: unknown): unknown {
  try {
    const checked = schema['~standard'].validate(input)
    if (checked instanceof Promise) {
      checked.catch(() => {})
      return input
    }
    return checked.issues ? input : checked.value
  } catch {
    return input
  }
}

function accepted<Output>(name: string, checked: StandardSchemaV1.Result<unknown>): Output {
  if (!checked.issues) return checked.value as Output
  throw new InvalidInputError(
    name,
    checked.issues.slice(0, MAX_ISSUES).map(({ path = [], message }) => ({
      path: path.map(part => String(typeof part === 'object' ? part.key : part)).join('.'),
      message,
    })),
  )
}

const DEEP = 100

/** Whether it is the same once it was JSON. What is very deep, as a circle is, is looked at by JSON itself. */
function isJson(value: unknown, depth = 0): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true
    case 'number':
      return Number.isFinite(value)
    case 'undefined':
      return depth === 0
    case 'object':
      return value === null || (depth < DEEP && areJson(value, depth + 1))
    default:
      return false
  }
}

function areJson(value: object, depth: number): boolean {
  if (Array.isArray(value)) return value.every(each => isJson(each, depth))
  const prototype: unknown = Object.getPrototypeOf(value)
  if ((prototype !== Object.prototype && prototype !== null) || 'toJSON' in value) return false
  return Object.values(value).every(each => each === undefined || isJson(each, depth))
}

function throughJson(job: string, input: unknown): unknown {
  let json: string | undefined
  try {
    json = JSON.stringify(input)
  } catch (error) {
    const why = error instanceof Error ? error.message.split('\n')[0] : String(error)
    throw new InvalidInputError(job, [{ path: '', message: `expected what JSON can hold (${why})` }])
  }
  return json === undefined ? undefined : JSON.parse(json)
}
