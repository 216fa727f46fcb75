const MARK = Symbol.for('@tidings/jobs PartialResult')

/** A result that is true only in part. Made by {@link partial}. */
export class PartialResult<R> {
  readonly result: R

  constructor(result: R) {
    this.result = result
    Object.defineProperty(this, MARK, { value: true })
  }
}

/** Returned by a job's `run`: it ended, but not all went well. The outcome is a WARNING, in the words of `messages.partial`. */
export function partial<R>(result: R): PartialResult<R> {
  return new PartialResult(result)
}

/** Whether `run` returned a {@link partial} result, of this copy of the package or of another. */
export function isPartial(returned: unknown): returned is PartialResult<unknown> {
  return typeof returned === 'object' && returned !== null && MARK in returned
}
