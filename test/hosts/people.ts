import { setTimeout as pause } from 'node:timers/promises'
import type { History } from '../history/history.ts'
import { endingOf } from '../history/verdict.ts'
import type { Person, ReadMessage } from './person.ts'

/** A message that somebody read on a page. */
interface Sighting extends ReadMessage {
  readonly owner: string
  readonly address: string
  readonly at: number
  readonly askedAt: number
}

// A page whose host was cut off so soon after it had sent it, ms: whether it could say that it was sent, nobody knows.
const UNSURE = 2_000

/** Everybody has a tab at each web process and opens a page in all of them at the same moment, again and again. */
export class People {
  readonly #stopping = new AbortController()
  readonly #reading: Promise<unknown>
  readonly #seen: Sighting[] = []
  /** Pages that arrived whole, and those that didn't. */
  readonly pages = { whole: 0, none: 0 }

  /** @param every how often each looks, ms */
  constructor(people: readonly Person[], addresses: () => readonly string[], every: number) {
    this.#reading = Promise.all(
      people.map(async (person, i) => {
        await pause((i / people.length) * every)
        while (!this.#stopping.signal.aborted) {
          await Promise.all(addresses().map(address => this.#look(person, address)))
          await pause(every)
        }
      }),
    )
  }

  /** Messages that a web process had shown shortly before it was cut off may come again: it could not say that they were shown. */
  cutOff(history: History, address: string, at: number): void {
    for (const { id, address: seenAt, at: seen } of this.#seen)
      if (seenAt === address && seen > at - UNSURE && seen <= at + UNSURE) history.unconfirmed.add(id)
  }

  /** Stops reading, and notes all that was read: which job a label is, is known when all has ended. */
  async stop(history: History): Promise<void> {
    this.#stopping.abort()
    await this.#reading
    const ids = new Map(history.finals.map(({ id, label }) => [label, id]))
    for (const { label, id } of history.asked.values()) if (id !== undefined) ids.set(label, id)
    for (const { owner, id, label = '', level, at, askedAt } of this.#seen) {
      const ending = endingOf(level)
      const job = ids.get(label)
      if (ending) history.came({ owner, message: id, job, ending, where: 'page', at, askedAt })
    }
  }

  async #look(person: Person, address: string): Promise<void> {
    const askedAt = Date.now()
    const messages = await person.open(address).catch(() => undefined)
    this.pages[messages ? 'whole' : 'none']++
    const at = Date.now()
    for (const message of messages ?? [])
      this.#seen.push({ ...message, owner: person.id, address, at, askedAt })
  }
}
