import { setTimeout as pause } from 'node:timers/promises'

/**
 * Repeats a step that fails, at growing distances, until it succeeds or the time is over.
 * @param end when, in ms since 1970
 * @throws what the step threw last.
 */
export async function repeatUntil(end: number, step: () => Promise<unknown>): Promise<void> {
  for (let wait = 50; ; wait *= 2) {
    try {
      await step()
      return
    } catch (error) {
      if (Date.now() + wait > end) throw error
      await pause(wait)
    }
  }
}
