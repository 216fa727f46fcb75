import { z } from 'zod'

/** What `loadConfig` says about a variable when its value is refused. */
export interface VariableAdvice {
  /** Ends the sentence "expected …". */
  expected?: string
  /** What to do, as a sentence. */
  remedy?: string
  /** Never show the value. Names with SECRET, PASSWORD or TOKEN in them are never shown anyway. */
  secret?: boolean
  /** With `NODE_ENV=production` the variable has to be set, or must not be. */
  production?: 'required' | 'refused'
}

const advices = z.registry<VariableAdvice>()

/**
 * Attaches to a variable's schema what is said when its value is refused.
 *
 * @example PORT: variable(z.coerce.number().int().min(0).max(65535).default(3000), { expected: 'a port from 0 to 65535' })
 */
export function variable<Schema extends z.ZodType>(schema: Schema, advice: VariableAdvice): Schema {
  advices.add(schema, advice)
  return schema
}

/** The advice that was attached to a schema, or to one that it wraps (`.optional()`, `.default()`). */
export function adviceOn(schema: unknown): VariableAdvice {
  let inner: unknown = schema
  while (inner instanceof z.ZodType) {
    const advice = advices.get(inner)
    if (advice !== undefined) return advice
    inner = inner instanceof z.ZodOptional || inner instanceof z.ZodDefault ? inner.unwrap() : undefined
  }
  return {}
}
