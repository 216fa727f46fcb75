/** The function that {@link atMost} gives refused work, because too much was waiting already. */
export class TooBusyError extends Error {
  override name = 'TooBusyError'

  constructor(waiting: number) {
    super(`${waiting} others are waiting already.`)
  }
}

/**
 * A queue for expensive work: of everything that is given to the function it returns, at most `limit`
 * runs at the same time, and the rest waits its turn, first come, first served.
 * @param options.waiting how much may wait; any number by default. The function fails with TooBusyError past it
 */
export function atMost(
  limit: number,
  { waiting: mayWait = Infinity }: { waiting?: number } = {},
): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = []
  let running = 0

  return async work => {
    if (running < limit) running += 1
    else if (waiting.length >= mayWait) throw new TooBusyError(waiting.length)
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
