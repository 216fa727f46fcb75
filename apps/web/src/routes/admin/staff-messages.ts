import { type Blog, endOf, type StaffMessage, type StaffMessageState } from '@tidings/blog'
import type { MessageState, RedisMessageStore } from '@tidings/messages'
import { inChunks } from './in-chunks.ts'
import { postedMessage } from './message-draft.ts'

/** How far a message got. */
export interface Report {
  /** Whose it is; of a message that is not sent to the end, those who have it. */
  readonly delivered: number
  /** Undefined where it isn't known: nobody counted while it was shown. */
  readonly seen: number | undefined
  readonly notYet: number | undefined
  /** Whose inbox has it no more, unseen: dismissed, or pushed out by newer ones. */
  readonly gone: number | undefined
  /** Its time is over: who hasn't seen it won't. */
  readonly isOver: boolean
  /** When it was counted, unless it is counted now. */
  readonly asOf: Date | undefined
  /** The names behind the numbers, of a message to some. */
  readonly names?: Readonly<Record<'seen' | 'notYet' | 'gone', readonly string[]>>
}

/** Sends what staff write, asks after it, and takes it back. */
export class StaffMessages {
  readonly #store: RedisMessageStore
  readonly #kept: Blog['staffMessages']

  constructor(store: RedisMessageStore, kept: Blog['staffMessages']) {
    this.#store = store
    this.#kept = kept
  }

  /** Sends a message that is kept. However often it is asked for, everybody gets it once; where it broke off, it goes on. */
  async send(message: StaffMessage): Promise<void> {
    const { id, to, from, until } = message
    const posted = postedMessage(message)
    if (to === 'everyone') {
      const window = { ...(from && { from }), ...(until && { until }) }
      const broadcast = await this.#store.broadcast(posted, { ...window, idempotencyKey: keyOf(id) })
      return this.#kept.markSent(id, broadcast)
    }
    const keyed = { ...posted, key: keyOf(id) }
    await inChunks(to, person => this.#store.postOnce(person.id, keyed, { from, until }))
    await this.#kept.markSent(id)
  }

  /**
   * How far a message got. What is found is kept with it: broadcasts are forgotten when they are over, and inboxes drop what is
   * old, but who has seen a message goes on having seen it.
   */
  async report(message: StaffMessage, state: StaffMessageState, now = new Date()): Promise<Report> {
    return message.to === 'everyone'
      ? this.#ofEveryone(message, state, now)
      : this.#ofSome(message, state, now)
  }

  /** Counts the messages that are over within the next moments, a last time. */
  async countEnding(within: number, now = new Date()): Promise<void> {
    const ending = await this.#kept.ending(now, new Date(now.getTime() + within))
    for (const { message, state } of ending) await this.report(message, state, now)
  }

  /** Takes a message back from all who haven't seen it. @returns how many had, and from how many it was taken */
  async takeBack(
    { id, to }: StaffMessage,
    { broadcast }: StaffMessageState,
  ): Promise<{ seen: number; takenBack?: number }> {
    if (to === 'everyone') {
      const seen = await this.#seen(broadcast)
      if (broadcast !== undefined) await this.#store.withdraw(broadcast)
      return { seen: seen ?? 0 }
    }
    const taken = await inChunks(to, person => this.#store.takeBack(person.id, keyOf(id)))
    const states = await inChunks(to, person => this.#store.stateOf(person.id, keyOf(id)))
    return {
      seen: states.filter(state => state !== undefined).length,
      takenBack: taken.filter(Boolean).length,
    }
  }

  async #ofEveryone(message: StaffMessage, state: StaffMessageState, now: Date): Promise<Report> {
    const { id, recipients } = message
    const { withdrawal, sightings, broadcast } = state
    const counted = withdrawal ? undefined : await this.#seen(broadcast)
    if (counted !== undefined) await this.#kept.noteSightings(id, { at: now, seen: counted })
    const seen = withdrawal?.seen ?? counted ?? sightings?.seen
    return {
      delivered: state.isSent ? recipients : 0,
      seen,
      notYet: seen === undefined ? undefined : Math.max(0, recipients - seen),
      gone: undefined,
      isOver: endOf(message) <= now,
      asOf: withdrawal || counted !== undefined ? undefined : sightings?.at,
    }
  }

  async #ofSome(message: StaffMessage, state: StaffMessageState, now: Date): Promise<Report> {
    const { id, to, recipients } = message
    const people = to === 'everyone' ? [] : to
    const states = await inChunks(people, person => this.#store.stateOf(person.id, keyOf(id)))
    const seenBy = new Set(state.sightings?.seenBy)
    for (const [i, person] of people.entries()) if (states[i] === 'read') seenBy.add(person.id)
    const isOver = endOf(message) <= now
    if (!isOver) await this.#kept.noteSightings(id, { at: now, seen: seenBy.size, seenBy: [...seenBy] })
    const of = (isWanted: (state: MessageState | undefined) => boolean) =>
      people.flatMap(({ id, username }, i) => (!seenBy.has(id) && isWanted(states[i]) ? [username] : []))
    const names = {
      seen: people.flatMap(({ id, username }) => (seenBy.has(id) ? [username] : [])),
      notYet: of(state => isOver || state === 'unread'),
      gone: of(state => !isOver && state !== 'unread'),
    }
    const [seen, notYet] = [names.seen.length, names.notYet.length]
    return {
      delivered: state.isSent ? recipients : seen + notYet,
      seen,
      notYet,
      gone: names.gone.length,
      isOver,
      asOf: isOver ? state.sightings?.at : undefined,
      names,
    }
  }

  async #seen(broadcast: string | undefined): Promise<number | undefined> {
    const all = broadcast === undefined ? [] : await this.#store.broadcasts()
    return all.find(({ id }) => id === broadcast)?.seen
  }
}

function keyOf(id: string): string {
  return `staff:${id}`
}
