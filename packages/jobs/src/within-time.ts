/**
 * What a promise answers, if it does so in time.
 * @param limit ms
 * @throws Error when the time is over; what the promise answers then is ignored.
 */
export async function withinTime<T>(limit: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Redis has not answered within ${limit} ms`)), limit)
  })
  promise.catch(() => {}) // it may fail when nobody waits for it any more
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
