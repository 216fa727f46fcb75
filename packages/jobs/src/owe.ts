import type { RedisQueueBackend } from 'bullmq'
import { encodeEntry, type LedgerEntry } from './ledger-entry.ts'
import { luaText } from './script.ts'
import type { Wrapping } from './wrapped-scripts.ts'

/** What the ledger is told of a job that comes into being without being enqueued. */
export interface Owed {
  readonly entry: LedgerEntry
  /** How long after its time the job may wait to be picked up, ms. */
  readonly patience: number
}

/** Says what is owed for the data of such a job; `undefined` for a job of nobody. */
export type Owing = (data: string) => Owed | undefined

/**
 * Wraps one of BullMQ's scripts that make a job, so that it is owed from the same moment.
 * @param at where the script's arguments begin, and which of them are the data and the id of a schedule that may be replaced
 */
export function owing(
  backend: RedisQueueBackend,
  entries: Owing,
  at: { keys: number; data: number; schedule?: number },
): Wrapping {
  return {
    as: 'add',
    before: '',
    text: luaText('owe'),
    more: args => {
      const schedule = at.schedule === undefined ? '' : String(args[at.keys + at.schedule])
      return oweArguments(backend, '', entries(String(args[at.keys + at.data])), schedule)
    },
  }
}

/** The six arguments that owe.lua takes after BullMQ's own. */
export function oweArguments(
  backend: RedisQueueBackend,
  id: string,
  owed: Owed | undefined,
  schedule = '',
): (string | number)[] {
  const entry = owed ? encodeEntry(owed.entry) : ''
  return [backend.toKey(''), id, entry, owed?.patience ?? 0, Date.now(), schedule]
}
