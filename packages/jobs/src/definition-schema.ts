import { z } from 'zod'
import { LONGEST_PAUSE } from './backoff.ts'
import { shown } from './odd-error.ts'

// The longest that a timer of Node's can wait; beyond, it would fire at once.
const LONGEST_TIMER = 2 ** 31 - 1
// BullMQ's sorted sets can't hold times that lie much further ahead.
const LONGEST_DELAY = 10 * 365 * 24 * 60 * 60 * 1000
const LOWEST_PRIORITY = 2 ** 21 - 1

const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/
const TEXT_FUNCTION = 'a function that returns a text or { text, link, … }'

const textFunction = expecting(isFunction, TEXT_FUNCTION)

const recipe = z.strictObject({
  name: expecting(
    value => typeof value === 'string' && NAME.test(value) && value.length <= 60,
    'lower-case words joined by "-", such as "import-posts", at most 60 characters',
  ),
  title: expecting(
    value => typeof value === 'string' && value.trim() !== '' && value.length <= 100,
    'the job in plain words, such as "Import posts", at most 100 characters',
  ).optional(),
  input: expecting(isStandardSchema, 'a Standard Schema, such as z.object({ … })'),
  version: whole(1, 1_000_000).optional(),
  attempts: whole(1, 100).optional(),
  backoff: expecting(isBackoff, backoffWords()).optional(),
  timeLimit: whole(1, LONGEST_TIMER, ' ms').optional(),
  priority: whole(1, LOWEST_PRIORITY).optional(),
  delay: whole(0, LONGEST_DELAY, ' ms').optional(),
  pickUpWithin: whole(1, LONGEST_DELAY, ' ms').optional(),
  unique: expecting(
    isFunction,
    'a function that returns a key, such as ({ input }) => input.file',
  ).optional(),
  run: expecting(isFunction, 'a function (or `sandbox`, the URL of a module, instead)').optional(),
  sandbox: expecting(
    value => value instanceof URL && value.protocol === 'file:',
    "the URL of a module, such as new URL('./rows.js', import.meta.url)",
  ).optional(),
  messages: z.strictObject(
    {
      started: textFunction.optional(),
      overdue: textFunction.optional(),
      success: textFunction,
      partial: textFunction.optional(),
      failure: textFunction.optional(),
      cancelled: textFunction.optional(),
    },
    {
      error: issue => fault(issue, `an object with { success } and, as you like, the words of other endings`),
    },
  ),
})

const definitionSchema = recipe.superRefine((options, context) => {
  const { backoff } = options
  const attempts = Number(options.attempts ?? 1)
  const { type, delay = 0 } = (backoff ?? {}) as { type?: string; delay?: number }
  const longest = delay * 2 ** Math.max(0, attempts - 2)
  if (type === 'exponential' && longest > LONGEST_PAUSE)
    context.addIssue({
      code: 'custom',
      path: ['backoff'],
      message: `expected pauses of at most 30 days; got ${delay} ms that double ${attempts - 2} times: take fewer attempts, or a function`,
    })
})

/** What is wrong with the options of a job, a line each: where, what was expected, what came. Empty for good ones. */
export function faultsOf(options: unknown): string[] {
  const checked = definitionSchema.safeParse(options)
  const faults = checked.error?.issues.map(issue => {
    const where = issue.path.join('.')
    if (issue.code === 'unrecognized_keys') {
      const known = Object.keys(where === 'messages' ? recipe.shape.messages.shape : recipe.shape)
      return `${[...issue.path, issue.keys[0]].join('.')}: there is no such option; expected one of ${known.join(', ')}`
    }
    if (where === '') return `expected an object of options; got ${brief(options)}`
    return `${where}: ${issue.message}`
  })
  return [...(faults ?? []), ...workFaults(options)]
}

// Said beside the others: a rule of the schema's own would wait until there are none.
function workFaults(options: unknown): string[] {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) return []
  const { run, sandbox } = options as { run?: unknown; sandbox?: unknown }
  if (run === undefined && sandbox === undefined)
    return ['run: expected a function, or `sandbox` instead; got neither']
  return run !== undefined && sandbox !== undefined
    ? ['sandbox: expected either `run` or `sandbox`; got both']
    : []
}

/** A job's name as a title: `import-posts` becomes `Import posts`. */
export function titleFrom(name: string): string {
  const words = name.replaceAll('-', ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}

function expecting(check: (value: unknown) => boolean, what: string) {
  return z.custom<unknown>(check, { error: issue => fault(issue, what) })
}

function whole(from: number, to: number, unit = '') {
  return expecting(
    value => Number.isInteger(value) && Number(value) >= from && Number(value) <= to,
    `a whole number from ${from} to ${to}${unit}`,
  )
}

function fault({ input }: { input?: unknown }, what: string): string {
  return `expected ${what}; got ${brief(input)}`
}

function brief(value: unknown): string {
  return typeof value === 'string'
    ? JSON.stringify(value.slice(0, 80))
    : shown(value).replace(/\s+/g, ' ').slice(0, 80)
}

function isFunction(value: unknown): boolean {
  return typeof value === 'function'
}

function isStandardSchema(value: unknown): boolean {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false
  const standard: unknown = Reflect.get(value, '~standard')
  return (
    typeof standard === 'object' &&
    standard !== null &&
    typeof Reflect.get(standard, 'validate') === 'function'
  )
}

const backoffSchema = z.strictObject({
  type: z.enum(['fixed', 'exponential']),
  delay: z.int().min(0).max(LONGEST_PAUSE),
  jitter: z.number().min(0).max(1).optional(),
})

function isBackoff(value: unknown): boolean {
  return isFunction(value) || backoffSchema.safeParse(value).success
}

function backoffWords(): string {
  return "{ type: 'fixed' or 'exponential', delay: ms, jitter?: 0 to 1 }, or a function of the attempt that returns ms, or -1 to give up"
}
