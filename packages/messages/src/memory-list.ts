import type { Message } from './message.ts'

/** What a reader has made of a message; no mark: it is unread. A claim whose lease is over holds nothing any more. */
type Mark = 'read' | 'hidden' | { readonly claim: string; readonly until: number }

/** A message in memory, with its readers' marks: in a list of its own a reader's one, in everybody's one each. */
export interface MemoryEntry {
  readonly message: Message
  /** From when and until when it is shown, ms. */
  readonly from: number | undefined
  readonly until: number | undefined
  readonly marks: Map<string, Mark>
  /** How many readers it was shown to. */
  seen: number
}

/** One list of messages in memory, oldest first. */
export class MemoryList {
  readonly entries: MemoryEntry[] = []
  /** Unread messages lost to the cap, until a page has said so. */
  dropped = 0
  /** When the whole list is forgotten, ms. */
  expiresAt = 0

  /** Unread, held by a page, read, or dismissed by a reader to whom it doesn't belong alone. */
  static stateOf({ marks }: MemoryEntry, reader: string, now: number): 'open' | 'held' | 'read' | 'hidden' {
    const mark = marks.get(reader)
    if (typeof mark === 'string') return mark
    return mark && mark.until > now ? 'held' : 'open'
  }

  /** Puts a message at the end, in place of the unread one with its key. */
  append(entry: MemoryEntry, reader: string, now: number): void {
    const { key } = entry.message
    const isReplaced = (old: MemoryEntry) =>
      old.message.key === key && MemoryList.stateOf(old, reader, now) === 'open'
    if (key !== undefined) this.#remove(isReplaced)
    this.entries.push(entry)
  }

  /** Drops the oldest message that was read, else the oldest unread, and last what a page holds; true for one not read. */
  dropOne(reader: string, now: number): boolean {
    const first = (state: string) =>
      this.entries.find(entry => MemoryList.stateOf(entry, reader, now) === state)
    const read = first('read')
    const dropped = read ?? first('open') ?? this.entries[0]
    this.#remove(entry => entry === dropped)
    return read === undefined
  }

  /** Removes what is over and held by no page; says how many of it nobody had read. */
  removeOver(now: number): number {
    const removed = this.#remove(
      ({ until, marks }) =>
        until !== undefined &&
        until <= now &&
        [...marks.values()].every(mark => typeof mark === 'string' || mark.until <= now),
    )
    return removed.filter(({ seen }) => seen === 0).length
  }

  /** Takes a message out; false where it isn't in. */
  remove(id: string): boolean {
    return this.#remove(({ message }) => message.id === id).length > 0
  }

  /** Takes out what was shown. */
  removeSeen(): void {
    this.#remove(({ seen }) => seen > 0)
  }

  /**
   * A page was sent: of what was unread or held by this claim, the `shown` is read, and the claim's rest is unread again.
   * Without a claim, it is read whichever page holds it. Says how many were read by this.
   */
  confirm(reader: string, claim: string | undefined, shown: ReadonlySet<string>, now: number): number {
    const isOurs = (entry: MemoryEntry) => {
      const state = MemoryList.stateOf(entry, reader, now)
      if (state === 'held') return claim === undefined || isHeldBy(claim, entry, reader)
      return state === 'open'
    }
    const read = this.entries.filter(entry => shown.has(entry.message.id) && isOurs(entry))
    for (const entry of read) {
      entry.marks.set(reader, 'read')
      entry.seen++
    }
    if (claim !== undefined) this.release(reader, claim)
    return read.length
  }

  /** What this claim holds is unread again; says how many messages. */
  release(reader: string, claim: string): number {
    const held = this.entries.filter(entry => isHeldBy(claim, entry, reader))
    for (const { marks } of held) marks.delete(reader)
    return held.length
  }

  #remove(isGone: (entry: MemoryEntry) => boolean): MemoryEntry[] {
    const gone = this.entries.filter(isGone)
    for (const entry of gone) this.entries.splice(this.entries.indexOf(entry), 1)
    return gone
  }
}

function isHeldBy(claim: string, { marks }: MemoryEntry, reader: string): boolean {
  const mark = marks.get(reader)
  return typeof mark === 'object' && mark.claim === claim
}
