import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { JobDefinition } from './define-job.ts'
import { shown } from './odd-error.ts'

const MAX_KEY = 200

/**
 * The key of which an owner has one unfinished job at a time; `undefined` where the definition has none.
 * @throws TypeError where its function returns no such key.
 */
export function uniqueKey<Schema extends StandardSchemaV1>(
  definition: Pick<JobDefinition<Schema>, 'name' | 'unique'>,
  facts: { readonly input: StandardSchemaV1.InferOutput<Schema>; readonly owner: string },
): string | undefined {
  const key: unknown = definition.unique?.(facts)
  if (definition.unique === undefined || (typeof key === 'string' && key !== '' && key.length <= MAX_KEY))
    return key as string | undefined
  throw new TypeError(
    `The function \`unique\` of job "${definition.name}" is to return a text of 1 to ${MAX_KEY} characters; got ${shown(key).slice(0, 100)}`,
  )
}
