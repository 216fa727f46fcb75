import type { BroadcastWindow } from './message-store.ts'

/**
 * From when until when a broadcast is shown.
 * @param lasts how long at most, and by default, ms: a store remembers for that long who has seen it.
 * @throws TypeError for a window that ends before it begins, is over, or lasts longer.
 */
export function broadcastWindow(
  { from, until }: BroadcastWindow,
  lasts: number,
  now: number,
): { from: Date | undefined; until: Date } {
  const begins = from?.getTime() ?? now
  const ends = until?.getTime() ?? begins + lasts
  const came = `got ${JSON.stringify({ from, until })}`
  if (!(ends > Math.max(begins, now))) {
    throw new TypeError(`A broadcast must end after it begins, and not in the past; ${came}`)
  }
  if (ends - begins > lasts) {
    throw new TypeError(`A broadcast may last ${lasts} ms at most (the store's ttl); ${came}`)
  }
  return { from, until: new Date(ends) }
}
