const AT_ONCE = 100

/** Does something for each, a hundred at a time: a connection that is asked for a thousand things at once answers nobody else. */
export async function inChunks<T, R>(all: readonly T[], each: (one: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  for (let i = 0; i < all.length; i += AT_ONCE)
    results.push(...(await Promise.all(all.slice(i, i + AT_ONCE).map(each))))
  return results
}
