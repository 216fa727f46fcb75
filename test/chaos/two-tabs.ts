import { setTimeout as pause } from 'node:timers/promises'
import type { History } from '../history/history.ts'
import { endingOf } from '../history/verdict.ts'
import type { Tab } from './tab.ts'

/** Every owner opens a page in each of their tabs at the same moment, again and again; notes what stood on them. */
export class TwoTabs {
  readonly #stopping = new AbortController()
  readonly #reading: Promise<unknown>
  /** Pages that arrived. */
  pages = 0

  /** @param every how often an owner looks, ms */
  constructor(history: History, tabs: readonly Tab[], owners: readonly string[], every: number) {
    this.#reading = Promise.all(
      owners.map(async (owner, i) => {
        await pause((i / owners.length) * every)
        while (!this.#stopping.signal.aborted) {
          await Promise.all(tabs.map(tab => this.#look(history, tab, owner)))
          await pause(every)
        }
      }),
    )
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#reading
  }

  async #look(history: History, tab: Tab, owner: string): Promise<void> {
    const askedAt = Date.now()
    const messages = await tab.open(owner).catch(() => undefined)
    if (!messages) return
    this.pages++
    const at = Date.now()
    for (const { id, job, level } of messages) {
      const ending = endingOf(level)
      if (ending) history.came({ owner, message: id, job, ending, where: 'page', at, askedAt })
    }
  }
}
