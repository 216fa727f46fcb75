import type { MessageList } from './message-list.ts'

/** Hints that something may be new in a list, within this process. */
export class MemoryHints {
  readonly #watchers = new Set<{ readonly lists: ReadonlySet<string>; readonly hint: () => void }>()

  /** Calls `hint` for each of these lists' hints, until the returned function is called. */
  watch(lists: readonly MessageList[], hint: () => void): () => Promise<void> {
    const watcher = { lists: new Set(lists.map(({ list }) => list)), hint }
    this.#watchers.add(watcher)
    return async () => {
      this.#watchers.delete(watcher)
    }
  }

  /** Something is new in this list. Who watches is told a moment later: a post doesn't wait, and doesn't fail, for them. */
  tell({ list }: MessageList): void {
    for (const { lists, hint } of this.#watchers) if (lists.has(list)) queueMicrotask(hint)
  }
}
