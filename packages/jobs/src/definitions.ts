import type { AnyJobDefinition } from './define-job.ts'
import { shown } from './odd-error.ts'

/** Job definitions, by name. */
export type Definitions = ReadonlyMap<string, AnyJobDefinition>

/**
 * Puts definitions in order.
 * @throws TypeError for two of one name, and for what `defineJob` didn't make.
 */
export function byName(definitions: readonly AnyJobDefinition[]): Definitions {
  if (!Array.isArray(definitions))
    throw new TypeError(`expected an array of definitions, got ${shown(definitions).slice(0, 80)}`)
  const map = new Map<string, AnyJobDefinition>()
  for (const [index, definition] of definitions.entries()) {
    if (!isDefinition(definition))
      throw new TypeError(
        `definitions[${index}]: expected what defineJob gives, got ${shown(definition).slice(0, 80)}`,
      )
    if (map.has(definition.name))
      throw new TypeError(`Two job definitions have the name "${definition.name}": each needs its own`)
    map.set(definition.name, definition)
  }
  return map
}

// It may be of another copy of this package, or have more on it.
function isDefinition(value: unknown): value is AnyJobDefinition {
  if (typeof value !== 'object' || value === null) return false
  const { name, run, attempts, pickUpWithin, messages } = value as Partial<AnyJobDefinition>
  const isMade = typeof attempts === 'number' && typeof pickUpWithin === 'number'
  return isMade && typeof name === 'string' && typeof run === 'function' && typeof messages === 'object'
}
