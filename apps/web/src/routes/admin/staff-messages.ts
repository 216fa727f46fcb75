import type { Blog, StaffMessage, StaffMessageState } from '@tidings/blog'
import type { RedisMessageStore } from '@tidings/messages'
import { inChunks } from './in-chunks.ts'
import { postedMessage } from './message-draft.ts'

/** How far a message got. */
export interface Report {
  /** Whose it is; of a message that is not sent to the end, those who have it. */
  readonly delivered: number
  /** Undefined where it isn't known any more. */
  readonly seen: number | undefined
  readonly notYet: number | undefined
  /** Whose inbox has it no more: dismissed, over, or pushed out by newer ones. */
  readonly gone: number | undefined
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

  /** How far a message got. */
  async report({ id, to, recipients }: StaffMessage, state: StaffMessageState): Promise<Report> {
    if (to === 'everyone') {
      const seen = state.withdrawal?.seen ?? (await this.#seen(state.broadcast))
      const notYet = seen === undefined ? undefined : Math.max(0, recipients - seen)
      return { delivered: state.isSent ? recipients : 0, seen, notYet, gone: undefined }
    }
    const states = await inChunks(to, person => this.#store.stateOf(person.id, keyOf(id)))
    const of = (wanted: 'unread' | 'read' | undefined) =>
      to.flatMap(({ username }, i) => (states[i] === wanted ? [username] : []))
    const names = { seen: of('read'), notYet: of('unread'), gone: of(undefined) }
    const [seen, notYet] = [names.seen.length, names.notYet.length]
    const delivered = state.isSent ? recipients : seen + notYet
    return { delivered, seen, notYet, gone: names.gone.length, names }
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

  async #seen(broadcast: string | undefined): Promise<number | undefined> {
    const all = broadcast === undefined ? [] : await this.#store.broadcasts()
    return all.find(({ id }) => id === broadcast)?.seen
  }
}

function keyOf(id: string): string {
  return `staff:${id}`
}
