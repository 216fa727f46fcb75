import { AssertionError } from 'node:assert'
import { isDeepStrictEqual } from 'node:util'
import { type Message, type NewMessage, tagsOf } from '../message.ts'

/** What of a message is compared. Each message of this package has it: posted ones, claimed ones, those of an inbox or a view. */
export interface ComparedMessage {
  readonly level: number
  readonly text: string
  readonly extraTags?: string | undefined
  /** Extra tags, then the level's; default: what `extraTags` and `level` make of it. */
  readonly tags?: string | undefined
  readonly data?: Message['data'] | NewMessage['data']
}

/**
 * Compares messages by level, text, tags and data; id and time differ from run to run.
 * @param options.ordered whether they must come in this order; default true. Without order each must still come as often.
 * @throws AssertionError that lists what is missing, and what was not expected.
 */
export function assertMessages(
  actual: Iterable<ComparedMessage>,
  expected: Iterable<ComparedMessage>,
  { ordered = true }: { ordered?: boolean } = {},
): void {
  const came = Array.from(actual, comparable)
  const wanted = Array.from(expected, comparable)
  const missing = without(wanted, came)
  const surplus = without(came, wanted)
  const isSame = missing.length + surplus.length === 0
  if (isSame && (!ordered || isDeepStrictEqual(came, wanted))) return
  const difference = isSame
    ? [
        'The messages are those that were expected, in another order.',
        ...list('Expected:', wanted),
        ...list('Came:', came),
      ]
    : [
        `Expected ${count(wanted)}, got ${count(came)}.`,
        ...list('Missing:', missing),
        ...list('Not expected:', surplus),
        ...list('As expected:', without(came, surplus)),
      ]
  throw new AssertionError({
    message: difference.join('\n'),
    actual: came,
    expected: wanted,
    operator: 'assertMessages',
    stackStartFn: assertMessages,
  })
}

type Comparable = Readonly<{ level: number; text: string; tags: string; data?: unknown }>

function comparable(message: ComparedMessage): Comparable {
  const { level, text, tags = tagsOf(message), data } = message
  return { level, text, tags, ...(data === undefined ? {} : { data }) }
}

/** `all` less one for each of `some` that is equal to it. */
function without(all: readonly Comparable[], some: readonly Comparable[]): Comparable[] {
  const rest = [...all]
  for (const message of some) {
    const index = rest.findIndex(other => isDeepStrictEqual(other, message))
    if (index >= 0) rest.splice(index, 1)
  }
  return rest
}

function list(title: string, messages: readonly Comparable[]): string[] {
  return messages.length === 0 ? [] : [title, ...messages.map(message => `  ${describe(message)}`)]
}

function describe({ level, text, tags, data }: Comparable): string {
  const facts = [`level ${level}`, JSON.stringify(text), `tags ${JSON.stringify(tags)}`]
  return [...facts, ...(data === undefined ? [] : [`data ${JSON.stringify(data)}`])].join(', ')
}

function count({ length }: readonly unknown[]): string {
  return `${length} ${length === 1 ? 'message' : 'messages'}`
}
