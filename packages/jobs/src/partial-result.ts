/** A result that is true only in part. Made by {@link partial}. */
export class PartialResult<R> {
  readonly result: R

  constructor(result: R) {
    this.result = result
  }
}

/** Returned by a job's `run`: it ended, but not all went well. The outcome is a WARNING, in the words of `messages.partial`. */
export function partial<R>(result: R): PartialResult<R> {
  return new PartialResult(result)
}
