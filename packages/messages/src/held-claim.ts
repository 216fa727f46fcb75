import type { MessageList } from './message-list.ts'
import type { Claim, Reader } from './message-store.ts'
import { decodeRecord, recordId } from './record.ts'
import type { Taken } from './taken.ts'

/** A claim with what its store must remember of it. */
export interface HeldClaim extends Claim {
  /** When its lease ends. */
  readonly until: number
  /** What of `dropped` each of the reader's lists has lost. */
  readonly dropCounts: readonly number[]
  /** Which of the reader's lists, by their order, it holds messages of, or has to tell of losses of. */
  readonly concerned: readonly boolean[]
  /** Ids of records that can't be read. */
  readonly broken: readonly string[]
}

/** The claim of what was taken just now. */
export function heldClaim(
  { records, more, dropped }: Taken,
  { id, reader, lists, lease }: { id: string; reader: Reader; lists: readonly MessageList[]; lease: number },
): HeldClaim {
  const decoded = records.map(({ list, record }) => decodeRecord(record, list) ?? list.idOf(recordId(record)))
  const dropCounts = lists.map(list => dropped.get(list) ?? 0)
  return {
    id,
    reader,
    messages: decoded.filter(message => typeof message !== 'string'),
    more,
    dropped: dropCounts.reduce((sum, count) => sum + count, 0),
    until: Date.now() + lease,
    dropCounts,
    concerned: lists.map(
      (list, i) => (dropCounts[i] ?? 0) > 0 || records.some(record => record.list === list),
    ),
    broken: decoded.filter(message => typeof message === 'string'),
  }
}
