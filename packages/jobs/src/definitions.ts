import type { AnyJobDefinition } from './define-job.ts'

/** Job definitions, by name. */
export type Definitions = ReadonlyMap<string, AnyJobDefinition>

/**
 * Puts definitions in order.
 * @throws TypeError for two of one name.
 */
export function byName(definitions: readonly AnyJobDefinition[]): Definitions {
  const map = new Map<string, AnyJobDefinition>()
  for (const definition of definitions) {
    if (map.has(definition.name))
      throw new TypeError(`Two job definitions have the name "${definition.name}": each needs its own`)
    map.set(definition.name, definition)
  }
  return map
}
