/**
 * What a promise answers, if it does so in time.
 * @param limit ms
 * @throws Error when the time is over; the promise's own answer is then ignored.
 */
export async function withinTime<T>(limit: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${limit} ms`)), limit)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
