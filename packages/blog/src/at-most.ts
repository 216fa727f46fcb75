/** The function that {@link atMost} gives refused work, because too much was waiting already, or its turn didn't come in time. */
export class TooBusyError extends Error {
  override name = 'TooBusyError'
}

/** How much may wait, and how long. */
export interface Waiting {
  /** How many; any number by default. The function fails with TooBusyError past it. */
  waiting?: number
  /** How long each, ms; for ever by default. Then the function fails with TooBusyError, and the work isn't begun. */
  within?: number
}

/**
 * A queue for expensive work: of everything that is given to the function it returns, at most `limit`
 * runs at the same time, and the rest waits its turn, first come, first served.
 */
export function atMost(
  limit: number,
  { waiting: mayWait = Infinity, within }: Waiting = {},
): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting = new Set<() => void>()
  let running = 0

  function turn(): Promise<void> {
    return new Promise((resolve, reject) => {
      const begin = () => {
        waiting.delete(begin)
        clearTimeout(timer)
        resolve()
      }
      const giveUp = () => {
        waiting.delete(begin)
        reject(new TooBusyError(`its turn did not come within ${within} ms`))
      }
      const timer = within === undefined ? undefined : setTimeout(giveUp, within)
      waiting.add(begin)
    })
  }

  return async work => {
    if (running < limit) running += 1
    else if (waiting.size >= mayWait) throw new TooBusyError(`${waiting.size} others are waiting already`)
    else await turn()
    try {
      return await work()
    } finally {
      // The place is handed on, so that nobody who comes just now gets in between.
      const [next] = waiting
      if (next) next()
      else running -= 1
    }
  }
}
