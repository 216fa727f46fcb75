import { PageError } from './page-error.ts'

/**
 * A field of a form, as it was typed; empty where it is missing.
 * @throws PageError 400 for what no form of ours sends: the same field twice, or a text longer than `max` characters
 */
export function formText(body: unknown, field: string, { max }: { max: number }): string {
  const value =
    typeof body === 'object' && body !== null
      ? Object.entries(body).find(([name]) => name === field)?.[1]
      : undefined
  if (value === undefined) return ''
  if (typeof value !== 'string') throw new PageError(400, `the field ${field} is no single text`)
  if (value.length > max) throw new PageError(400, `the field ${field} is longer than ${max} characters`)
  return value
}
