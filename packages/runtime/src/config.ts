import type { z } from 'zod'
import { PlainError } from './plain-error.ts'
import { printable } from './printable.ts'
import { adviceOn } from './variable.ts'

/** One thing that is wrong with the configuration. */
export interface ConfigFault {
  /** The environment variable's name. */
  variable: string
  /** What was expected, what came and what to do, in words; never the value of a secret. */
  text: string
}

/** The configuration can't be used. The message lists every fault, one a line, by the variable's name. */
export class ConfigError extends PlainError {
  override name = 'ConfigError'
  override readonly exitCode = 78
  /** Every fault, in the schema's order. */
  readonly faults: readonly ConfigFault[]

  constructor(faults: readonly ConfigFault[]) {
    const head =
      faults.length === 1
        ? 'There is a fault in the configuration:'
        : `There are ${faults.length} faults in the configuration:`
    super([head, ...faults.map(fault => `  ${fault.variable}: ${fault.text}`)].join('\n'))
    this.faults = faults
  }
}

/**
 * Reads a process's configuration from its environment.
 *
 * @param schema a zod object whose keys are the variables' names (see `variables` and `variable` for the pieces)
 * @param env the environment; an empty value counts as unset, and names that the schema doesn't know are ignored
 * @returns the schema's output, frozen
 * @throws ConfigError that lists every fault at once
 */
export function loadConfig<Schema extends z.ZodObject>(
  schema: Schema,
  env: Readonly<Record<string, string | undefined>>,
): Readonly<z.output<Schema>> {
  const given = Object.fromEntries(Object.keys(schema.shape).flatMap(name => present(name, env[name])))
  const parsed = schema.safeParse(given)
  const faults = [...schemaFaults(schema, given, parsed.error), ...productionFaults(schema, given, env)]
  if (faults.length > 0 || !parsed.success) throw new ConfigError(inOrder(faults, schema))
  return Object.freeze(parsed.data)
}

function present(name: string, value: string | undefined): [string, string][] {
  return value === undefined || value === '' ? [] : [[name, value]]
}

function schemaFaults(
  schema: z.ZodObject,
  given: Record<string, string>,
  error: z.ZodError | undefined,
): ConfigFault[] {
  return (error?.issues ?? []).map(issue => {
    const variable = String(issue.path[0] ?? 'configuration')
    const advice = adviceOn(schema.shape[variable])
    // A check may have said exactly what is wrong; zod's own codes, and a check without words, only say that something is.
    const said = issue.code === 'custom' && issue.message !== WORDLESS ? issue.message : undefined
    const expected = advice.expected === undefined ? lowerFirst(issue.message) : `expected ${advice.expected}`
    const came =
      given[variable] === undefined ? 'it is not set' : `got ${shown(variable, given[variable], advice)}`
    const remedy = advice.remedy ?? ''
    return { variable, text: `${said ?? expected}; ${came}. ${remedy}`.trim() }
  })
}

function productionFaults(
  schema: z.ZodObject,
  given: Record<string, string>,
  env: Readonly<Record<string, string | undefined>>,
): ConfigFault[] {
  if (env.NODE_ENV !== 'production') return []
  return Object.keys(schema.shape).flatMap(variable => {
    const { production, remedy = '' } = adviceOn(schema.shape[variable])
    if (production === 'required' && given[variable] === undefined)
      return [{ variable, text: `must be set when NODE_ENV is production; it is not set. ${remedy}`.trim() }]
    if (production === 'refused' && given[variable] !== undefined)
      return [{ variable, text: 'must not be set when NODE_ENV is production. Remove it.' }]
    return []
  })
}

/** What zod says of a check that has no words of its own. */
const WORDLESS = 'Invalid input'

const SECRET_NAME = /secret|password|token|credential|_key$/i

function shown(variable: string, value: string, advice: { secret?: boolean }): string {
  if (advice.secret === true || SECRET_NAME.test(variable))
    return `a value of ${value.length} characters, which is not shown here`
  // Whatever stands before an @ may be a password, also in a URL that is none.
  const hidden = value.includes('@') ? `***${value.slice(value.lastIndexOf('@'))}` : value
  return `'${printable(hidden.length > 60 ? `${hidden.slice(0, 60)}…` : hidden)}'`
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}

function inOrder(faults: ConfigFault[], schema: z.ZodObject): ConfigFault[] {
  const names = Object.keys(schema.shape)
  const once = faults.filter(
    (fault, index) => faults.findIndex(other => other.variable === fault.variable) === index,
  )
  return once.sort((a, b) => names.indexOf(a.variable) - names.indexOf(b.variable))
}
