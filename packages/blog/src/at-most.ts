/**
 * A queue for expensive work: of everything that is given to the function it returns, at most `limit`
 * runs at the same time, and the rest waits its turn, first come, first served.
 */
export function atMost(limit: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = []
  let running = 0

  return async work => {
    if (running < limit) running += 1
    else await new Promise<void>(resolve => waiting.push(resolve))
    try {
      return await work()
    } finally {
      // The place is handed on, so that nobody who comes just now gets in between.
      const next = waiting.shift()
      if (next) next()
      else running -= 1
    }
  }
}
