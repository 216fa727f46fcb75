import { inspect, types } from 'node:util'

const MAX_TEXT = 5000
const MAX_FIELD = 200
const MAX_FIELDS = 20
const MAX_CAUSES = 3

/**
 * Anything that can be thrown, as an error that a log can hold: a copy whose every field can be read, cut at a bound, without
 * the passwords of addresses.
 */
export function loggable(thrown: unknown, depth = 0): Error {
  if (!isError(thrown)) return named(new Error(`not an error was thrown: ${cut(shown(thrown))}`), 'Error')
  const copy = new Error(cut(text(thrown, 'message')))
  named(copy, text(thrown, 'name') || 'Error')
  copy.stack = cut(text(thrown, 'stack')) || `${copy.name}: ${copy.message}`
  Object.assign(copy, plainFields(thrown))
  const cause = read(thrown, 'cause')
  if (cause !== undefined && depth < MAX_CAUSES) copy.cause = loggable(cause, depth + 1)
  return copy
}

/** A field of what was thrown, as a text; empty where there is none, or reading it throws. */
export function text(thrown: unknown, field: 'name' | 'message' | 'stack'): string {
  const value = read(thrown, field)
  return typeof value === 'string' ? value : ''
}

/** Any value in a line for a developer, cut. It calls nothing of the value's own. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return value
  try {
    return inspect(value, {
      depth: 2,
      maxStringLength: MAX_FIELD,
      maxArrayLength: MAX_FIELDS,
      customInspect: false,
    })
  } catch {
    return typeof value
  }
}

function isError(thrown: unknown): thrown is Error {
  try {
    return types.isNativeError(thrown) || thrown instanceof Error
  } catch {
    return false
  }
}

function read(thrown: unknown, field: string): unknown {
  try {
    return (thrown as Record<string, unknown>)[field]
  } catch {
    return undefined
  }
}

function plainFields(thrown: object): Record<string, string | number | boolean> {
  const fields: Record<string, string | number | boolean> = {}
  for (const key of keysOf(thrown).slice(0, MAX_FIELDS)) {
    if (['name', 'message', 'stack', 'cause'].includes(key)) continue
    const value = read(thrown, key)
    if (typeof value === 'string') fields[key] = cut(value, MAX_FIELD)
    else if (typeof value === 'number' || typeof value === 'boolean') fields[key] = value
  }
  return fields
}

function keysOf(thrown: object): string[] {
  try {
    return Object.keys(thrown)
  } catch {
    return []
  }
}

function named(error: Error, name: string): Error {
  Object.defineProperty(error, 'name', { value: cut(name, MAX_FIELD), configurable: true })
  return error
}

// An address with a password in it (redis://user:password@host) is what most often brings a secret into an error's text.
const PASSWORD = /(\/\/[^\s:@/]{0,200}):[^\s@/]{1,200}@/g

function cut(value: string, most = MAX_TEXT): string {
  const short = value.length > most ? `${value.slice(0, most)}…` : value
  return short.toWellFormed().replace(PASSWORD, '$1:…@')
}
