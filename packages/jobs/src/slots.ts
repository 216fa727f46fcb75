/**
 * A set of things that come and go all the time. V8's own `Set` makes itself a new table every now and then, and the old tables
 * go on pointing to the new ones: once one of them has outlived two small collections, all that was ever in the set since lives
 * until the next full one. This one keeps one table. It looks for what it is to let go, so it is for hundreds, not for thousands.
 */
export class Slots<T extends object> implements Iterable<T> {
  readonly #items: (T | undefined)[] = []
  readonly #free: number[] = []

  get size(): number {
    return this.#items.length - this.#free.length
  }

  /** Adds what isn't in it yet. */
  add(item: T): this {
    this.#items[this.#free.pop() ?? this.#items.length] = item
    return this
  }

  /** Whether it was in it. */
  delete(item: T): boolean {
    const at = this.#items.indexOf(item)
    if (at === -1) return false
    this.#items[at] = undefined
    this.#free.push(at)
    return true
  }

  *[Symbol.iterator](): Generator<T, void, undefined> {
    for (const item of this.#items) if (item !== undefined) yield item
  }
}
