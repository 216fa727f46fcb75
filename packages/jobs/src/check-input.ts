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
