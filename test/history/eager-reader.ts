import { setTimeout as pause } from 'node:timers/promises'
import type { RedisMessageStore } from '@tidings/messages'
import type { History } from './history.ts'
import { endingOf } from './verdict.ts'

/**
 * Opens a page for each owner again and again, and notes what stood on it: the worst case for whoever tells twice, because
 * what was read can no longer be replaced.
 */
export class EagerReader {
  readonly #stopping = new AbortController()
  readonly #reading: Promise<unknown>

  constructor(history: History, store: RedisMessageStore, owners: readonly string[]) {
    this.#reading = Promise.all(owners.map(owner => this.#read(history, store, owner)))
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#reading
  }

  async #read(history: History, store: RedisMessageStore, owner: string): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      // No answer: what was claimed all the same is unread again when its lease is over.
      const claim = await store.claim({ owner }, { limit: 10 }).catch(() => undefined)
      const messages = claim?.messages ?? []
      for (const { id, job, level } of messages) {
        const ending = endingOf(level)
        if (ending) history.came({ owner, message: id, job, ending, where: 'page', at: Date.now() })
      }
      const shown = messages.map(({ id }) => id)
      if (claim)
        await store.confirm(claim, shown).catch(() => {
          for (const id of shown) history.unconfirmed.add(id)
        })
      await pause(40)
    }
  }
}
