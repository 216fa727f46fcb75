/** A promise and the function that fulfils it. */
export interface Deferred<Value> {
  readonly promise: Promise<Value>
  resolve(value: Value): void
}

/** Makes a promise that somebody else fulfils (Node 20 has no `Promise.withResolvers`). */
export function deferred<Value>(): Deferred<Value> {
  let resolve: (value: Value) => void = () => {}
  const promise = new Promise<Value>(fulfil => {
    resolve = fulfil
  })
  return { promise, resolve: value => resolve(value) }
}
