/**
 * What a promise answers, if it does so in time.
 * @param limit ms
 * @throws Error when the time is over; the promise's own answer is then ignored.
 */
export function withinTime<T>(limit: number, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no answer within ${limit} ms`)), limit)
    promise.then(
      value => {
        clearTimeout(timer)
        resolve(value)
      },
      error => {
        clearTimeout(timer)
        reject(error)
      },
    )
  })
}
