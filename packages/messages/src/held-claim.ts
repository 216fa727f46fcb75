import type { Message } from './message.ts'
import type { MessageList } from './message-list.ts'
import type { Claim, Reader } from './message-store.ts'
import { decodeRecord, recordId } from './record.ts'
import type { Taken } from './taken.ts'

/** A claim with what its store must remember of it. */
export interface HeldClaim extends Claim {
  /** When its lease ends. */
  readonly until: number
  /** The reader's lists of which it holds messages, or has to tell of losses, and how many messages each has lost. */
  readonly parts: readonly { readonly list: MessageList; readonly dropped: number }[]
  /** Ids of records that can't be read. */
  readonly broken: readonly string[]
}

/** The claim of what was taken just now. */
export function heldClaim(
  { records, more, dropped }: Taken,
  { id, reader, lists, lease }: { id: string; reader: Reader; lists: readonly MessageList[]; lease: number },
): HeldClaim {
  const messages: Message[] = []
  const broken: string[] = []
  for (const { list, record } of records) {
    const message = decodeRecord(record, list)
    if (message) messages.push(message)
    else broken.push(list.idOf(recordId(record)))
  }
  const parts: HeldClaim['parts'][number][] = []
  let lost = 0
  for (const list of lists) {
    const part = { list, dropped: dropped.get(list) ?? 0 }
    if (part.dropped > 0 || records.some(record => record.list === list)) parts.push(part)
    lost += part.dropped
  }
  return {
    id,
    reader,
    messages,
    more,
    dropped: lost,
    until: Date.now() + lease,
    parts,
    broken,
  }
}
