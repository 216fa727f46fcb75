import type { StandardSchemaV1 } from '@standard-schema/spec'
import { InvalidInputError } from './invalid-input-error.ts'

/**
 * The input as the job's schema gives it back.
 * @throws InvalidInputError where the schema refuses it.
 */
export async function checkInput<Schema extends StandardSchemaV1>(
  { name, input: schema }: { name: string; input: Schema },
  input: unknown,
): Promise<StandardSchemaV1.InferOutput<Schema>> {
  const checked = await schema['~standard'].validate(input)
  if (!checked.issues) return checked.value as StandardSchemaV1.InferOutput<Schema>
  throw new InvalidInputError(
    name,
    checked.issues.map(({ path = [], message }) => ({
      path: path.map(part => String(typeof part === 'object' ? part.key : part)).join('.'),
      message,
    })),
  )
}

/** The same without waiting and without refusing: for the words of a job that did not run here. */
export function inputForWords({ input: schema }: { input: StandardSchemaV1 }, input: unknown): unknown {
  const checked = schema['~standard'].validate(input)
  return 'value' in checked && !checked.issues ? checked.value : input
}
