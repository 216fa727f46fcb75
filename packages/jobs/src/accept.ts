import type { BackendFactory, RedisQueueBackend } from 'bullmq'
import { type EncodedMessage, encodeEntry, type LedgerEntry } from './ledger-entry.ts'
import { type Owed, type Owing, oweArguments, owing } from './owe.ts'
import { redisBackend } from './redis-backend.ts'
import { KEPT, KEPT_FOR_OWNER } from './retention.ts'
import { luaConstants, luaText, POST, type StoreConstants } from './script.ts'
import { type Argument, IS_AGAIN } from './script-command.ts'
import { appendArguments, type Wrapping, wrapScripts } from './wrapped-scripts.ts'

/** What becomes of a job at the moment in which it is taken, besides BullMQ's own. */
export interface Acceptance {
  readonly id: string
  /** When the ledger is to look at it, ms since 1970. */
  readonly due: number
  /** How much later than now it is to begin, ms. */
  readonly delay: number
  readonly entry: LedgerEntry
  /** How many unfinished jobs the owner may have. */
  readonly limit?: number | undefined
  /** Owners take turns. */
  readonly fair: boolean
  /** The digest of the input where a key makes the job unique, and for how long, ms. */
  readonly once?: { readonly digest: string; readonly for: number } | undefined
  readonly started: EncodedMessage
}

/** A refusal of accept.lua, as BullMQ hands it on. */
export const REFUSED = { tooMany: -1001, otherInput: -1002 } as const

/** A backend for BullMQ's Queue that takes jobs together with their entries in the ledger. */
export interface AcceptingBackend {
  readonly factory: BackendFactory<RedisQueueBackend>
  /** Has what is done meanwhile know what becomes of this job. */
  accepting<T>(id: string, acceptance: Acceptance, add: () => Promise<T>): Promise<T>
  /** The same for a job that is tried again by hand. */
  retrying<T>(id: string, owed: Owed | undefined, retry: () => Promise<T>): Promise<T>
  /**
   * Resolves when jobs can only be taken together with their entries.
   * @throws UnwrappableError where this version of BullMQ doesn't have what must be wrapped.
   */
  ready(): Promise<void>
}

/** What an accepting backend is given. */
export interface AcceptOptions {
  /** What is owed for jobs that aren't enqueued. */
  owing: Owing
  /** Of the message store. */
  constants: StoreConstants
  /** What comes before an owner in the name of the list of their jobs. */
  owned: string
}

/** Wraps BullMQ's scripts that make jobs, their texts unchanged. */
export function acceptingBackend({ owing: entries, constants, owned }: AcceptOptions): AcceptingBackend {
  const acceptances = new Map<string, Acceptance>()
  const retries = new Map<string, Owed | undefined>()
  let wrapped: Promise<void> = Promise.resolve()
  const make = redisBackend()
  const factory: BackendFactory<RedisQueueBackend> = (name, options, extra) => {
    const backend = make(name, options, extra)
    const more = ({ id = '' }: { id?: string }) => acceptArguments(acceptances.get(id))
    appendArguments(backend, 'addStandardJobArgs', more)
    appendArguments(backend, 'addDelayedJobArgs', more)
    appendArguments(backend, 'addPrioritizedJobArgs', more)
    const kept = luaConstants({ ...constants, OWNED: owned, KEEP: KEPT_FOR_OWNER, AGE: KEPT.age })
    const add: Wrapping = { as: 'add', before: `${kept}${POST}`, text: luaText('accept') }
    wrapped = wrapScripts(backend, {
      addStandardJob: add,
      addDelayedJob: add,
      addPrioritizedJob: add,
      addJobScheduler: owing(backend, entries, { keys: 11, data: 3, schedule: 2 }),
      reprocessJob: {
        as: 'add',
        before: '',
        text: luaText('owe'),
        more: args => {
          const id = String(args[9])
          return oweArguments(backend, id, retries.get(id))
        },
      },
    })
    wrapped.catch(() => {}) // whoever awaits ready() is told
    return backend
  }
  return {
    factory,
    accepting: (id, acceptance, run) => during(acceptances, id, acceptance, run),
    retrying: (id, owed, run) => during(retries, id, owed, run),
    ready: () => wrapped,
  }
}

async function during<V, T>(map: Map<string, V>, id: string, value: V, run: () => Promise<T>): Promise<T> {
  map.set(id, value)
  try {
    return await run()
  } finally {
    if (map.get(id) === value) map.delete(id)
  }
}

/** What accept.lua takes after BullMQ's own arguments. */
function acceptArguments(acceptance: Acceptance | undefined): Argument[] {
  if (!acceptance) throw new Error('A job was added past Jobs.enqueue: it would be owed to nobody')
  const { id, due, delay, entry, limit, fair, once, started } = acceptance
  const { owner, batch = '' } = entry
  const isPlain = batch === '' && limit === undefined && !fair && !once && delay === 0
  const later = Math.ceil(delay / 1000)
  const more = isPlain
    ? ''
    : [batch, limit ?? '', fair ? '1' : '', once?.digest ?? '', once?.for ?? '', later]
  const noted = limit === undefined ? entry : { ...entry, counted: true as const }
  return [id, owner, due, encodeEntry(noted), started.json, more && JSON.stringify(more), IS_AGAIN]
}
