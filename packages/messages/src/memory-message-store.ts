import { z } from 'zod'
import { broadcastWindow } from './broadcast-window.ts'
import { levelTag } from './levels.ts'
import { MemoryHints } from './memory-hints.ts'
import { type MemoryEntry, MemoryList } from './memory-list.ts'
import { type MemoryMessageStoreOptions, optionsSchema } from './memory-message-store-options.ts'
import { checkMessage, type Message, type NewMessage, type newMessageSchema, tagsOf } from './message.ts'
import { MessageCounters, type MessageCounts } from './message-counters.ts'
import { MessageList } from './message-list.ts'
import type {
  Broadcast,
  BroadcastWindow,
  Claim,
  InboxMessage,
  MessageStore,
  Reader,
  Recipient,
} from './message-store.ts'

const MINUTE = 60 * 1000

/**
 * Messages in this process, for tests and for an application that is a single process: they are gone when it ends. Keeps the
 * whole contract of {@link MessageStore}.
 * @throws TypeError for options out of range.
 */
export class MemoryMessageStore implements MessageStore {
  readonly #options: z.output<typeof optionsSchema>
  readonly #now: () => number
  readonly #counters: MessageCounters
  readonly #lists = new Map<string, MemoryList>()
  readonly #hints = new MemoryHints()
  #lastId = 0
  #nextSweep = 0

  constructor({ now = Date.now, onEvent, ...options }: MemoryMessageStoreOptions = {}) {
    const checked = optionsSchema.safeParse(options)
    if (!checked.success) throw new TypeError(`MemoryMessageStore: ${z.prettifyError(checked.error)}`)
    this.#options = checked.data
    this.#now = now
    this.#counters = new MessageCounters(onEvent)
  }

  /** What was counted so far. */
  get counts(): MessageCounts {
    return this.#counters.counts
  }

  async post(to: Recipient, messages: NewMessage | readonly NewMessage[]): Promise<void> {
    const place = MessageList.of('', to)
    const checked = [messages].flat().map(message => checkMessage(message as NewMessage))
    let dropped = 0
    for (const { expiresIn, ...message } of checked) {
      const until = expiresIn === undefined ? undefined : this.#now() + expiresIn
      dropped += this.#append(place, message, { until }).dropped
    }
    this.#counters.count('posted', checked.length)
    this.#counters.count('dropped', dropped)
    if (checked.length > 0) this.#hints.tell(place)
  }

  async claim(reader: Reader, { limit }: { limit: number }): Promise<Claim | undefined> {
    const open = this.#contents(reader).filter(({ state }) => state === 'open')
    const taken = open.slice(0, limit)
    if (taken.length === 0) return undefined
    const id = this.#newId()
    const until = this.#now() + this.#options.lease
    for (const { entry, place } of taken) entry.marks.set(place.reading, { claim: id, until })
    const told = new Map(
      MessageList.for('', reader).map(({ list }) => [list, this.#lists.get(list)?.dropped ?? 0]),
    )
    const claim: HeldClaim = {
      id,
      reader,
      messages: taken.map(({ entry }) => structuredClone(entry.message)),
      more: open.length - taken.length,
      dropped: [...told.values()].reduce((sum, count) => sum + count, 0),
      told,
    }
    return claim
  }

  async confirm(claim: Claim, shown: Iterable<string>): Promise<void> {
    const { id, reader, told } = claim as HeldClaim
    this.#confirm(reader, id, shown)
    for (const [name, count] of told) {
      const list = this.#lists.get(name)
      if (list) list.dropped = Math.max(0, list.dropped - count)
    }
    told.clear() // a confirm that is repeated has told of nothing more
  }

  async release({ id, reader }: Claim): Promise<void> {
    for (const { list, reading } of MessageList.for('', reader))
      this.#counters.count('released', this.#lists.get(list)?.release(reading, id) ?? 0)
  }

  async unread(
    reader: Reader,
    { limit }: { limit: number },
  ): Promise<{ messages: readonly Message[]; more: number }> {
    const open = this.#contents(reader).filter(({ state }) => state === 'open')
    const messages = open.slice(0, limit).map(({ entry }) => structuredClone(entry.message))
    return { messages, more: open.length - messages.length }
  }

  async read(reader: Reader, ids: Iterable<string>): Promise<void> {
    this.#confirm(reader, undefined, ids)
  }

  async inbox(owner: string, { since }: { since?: Date } = {}): Promise<InboxMessage[]> {
    return this.#contents({ owner, since })
      .map(({ entry, state }) => ({ ...structuredClone(entry.message), unread: state !== 'read' }))
      .reverse()
      .slice(0, this.#options.cap)
  }

  async dropped(owner: string): Promise<number> {
    const list = MessageList.of('', owner)
    this.#entries(list) // forgets what is over
    return this.#lists.get(list.list)?.dropped ?? 0
  }

  async dismiss(owner: string, id: string): Promise<boolean> {
    const listed = this.#contents({ owner }).find(({ entry }) => entry.message.id === id)
    if (!listed) return false
    this.#confirm({ owner }, undefined, [id])
    if (listed.place.kind === 'everyone') listed.entry.marks.set(listed.place.reading, 'hidden')
    else this.#lists.get(listed.place.list)?.remove(id)
    return true
  }

  async broadcast(message: NewMessage, window: BroadcastWindow = {}): Promise<string> {
    const { from, until } = broadcastWindow(window, this.#options.ttl, this.#now())
    const { expiresIn: _, ...checked } = checkMessage(message)
    const { id } = this.#append(EVERYONE, checked, { from: from?.getTime(), until: until.getTime() })
    this.#counters.count('posted', 1)
    this.#hints.tell(EVERYONE)
    return id
  }

  async withdraw(id: string): Promise<boolean> {
    return this.#lists.get(EVERYONE.list)?.remove(id) ?? false
  }

  async broadcasts(): Promise<Broadcast[]> {
    const now = this.#now()
    return this.#entries(EVERYONE)
      .filter(({ until = Infinity }) => until > now)
      .map(({ message, from, until = Infinity, seen }) => ({
        ...structuredClone(message),
        from: from === undefined ? undefined : new Date(from),
        until: new Date(until),
        seen,
      }))
      .reverse()
  }

  async watch(reader: Reader, hint: () => void): Promise<() => Promise<void>> {
    return this.#hints.watch(MessageList.for('', reader), hint)
  }

  #append(
    place: MessageList,
    message: Omit<z.output<typeof newMessageSchema>, 'expiresIn'>,
    { from, until }: { from?: number | undefined; until: number | undefined },
  ): { id: string; dropped: number } {
    const now = this.#now()
    this.#sweep(now)
    this.#entries(place) // forgets what is over
    const list = this.#lists.get(place.list) ?? new MemoryList()
    this.#lists.set(place.list, list)
    const recordId = this.#newId()
    const stored: Message = {
      ...message,
      id: place.idOf(recordId),
      time: new Date(Number(recordId) / 1000),
      levelTag: levelTag(message.level),
      tags: tagsOf(message),
    }
    // Everybody's list has no reader of its own: to it all is unread.
    const reader = place.kind === 'everyone' ? '' : place.reading
    list.append({ message: stored, from, until, marks: new Map(), seen: 0 }, reader, now)
    const { cap, ttl, browserTtl } = this.#options
    const lasts = place.kind === 'browser' ? browserTtl : ttl
    list.expiresAt = Math.max(list.expiresAt, now + lasts, place.kind === 'everyone' ? (until ?? 0) : 0)
    const isDropped = list.entries.length > cap && list.dropOne(reader, now) && place.kind !== 'everyone'
    if (isDropped) list.dropped++
    return { id: stored.id, dropped: isDropped ? 1 : 0 }
  }

  /** All that this reader's lists hold for them, oldest first. */
  #contents(reader: Reader): Listed[] {
    const now = this.#now()
    const { since } = reader
    return MessageList.for('', reader)
      .flatMap(place =>
        this.#entries(place)
          .filter(({ from, until }) => (from ?? 0) <= now && (until ?? Infinity) > now)
          .filter(({ message }) => place.kind !== 'everyone' || !since || message.time >= since)
          .map(entry => ({ entry, place, state: MemoryList.stateOf(entry, place.reading, now) })),
      )
      .filter(({ state }) => state !== 'hidden')
      .sort((a, b) => (a.entry.message.id < b.entry.message.id ? -1 : 1))
  }

  #confirm(reader: Reader, claim: string | undefined, shown: Iterable<string>): void {
    const ids = new Set(shown)
    for (const { list: name, reading, kind } of MessageList.for('', reader)) {
      const list = this.#lists.get(name)
      if (!list) continue
      this.#counters.count('shown', list.confirm(reading, claim, ids, this.#now()))
      if (kind === 'browser') list.removeSeen()
    }
  }

  /** A list's messages that aren't over. */
  #entries(place: MessageList): readonly MemoryEntry[] {
    const now = this.#now()
    const list = this.#lists.get(place.list)
    if (list && list.expiresAt <= now) this.#lists.delete(place.list)
    if (!list || list.expiresAt <= now) return []
    const over = list.removeOver(now)
    this.#counters.count('expired', place.kind === 'everyone' ? 0 : over)
    return list.entries
  }

  /** Forgets the lists of those who never came back. */
  #sweep(now: number): void {
    if (now < this.#nextSweep) return
    this.#nextSweep = now + MINUTE
    for (const [name, { expiresAt }] of this.#lists) if (expiresAt <= now) this.#lists.delete(name)
  }

  /** The time in microseconds, and never the same twice: it sorts. */
  #newId(): string {
    this.#lastId = Math.max(Math.floor(this.#now() * 1000), this.#lastId + 1)
    return String(this.#lastId).padStart(16, '0')
  }
}

/** Everybody's list, as nobody in particular reads it. */
const EVERYONE = MessageList.everyone('', 'nobody')

/** A message in a list, for one reader. */
interface Listed {
  readonly entry: MemoryEntry
  readonly place: MessageList
  readonly state: 'open' | 'held' | 'read' | 'hidden'
}

/** A claim with how many dropped messages of each list its page tells of. */
interface HeldClaim extends Claim {
  readonly told: Map<string, number>
}
