/**
 * A failure that the job's owner can understand: the only error whose text they read. It ends the job at once, unless
 * `retry` asks for the attempts that are left. Every other error is told as a fixed sentence with a reference id, and
 * its own text goes to the log.
 */
export class JobFailure extends Error {
  override readonly name = 'JobFailure'
  /** Whether another attempt may help. */
  readonly retry: boolean

  constructor(text: string, options: { retry?: boolean; cause?: unknown } = {}) {
    super(text, { cause: options.cause })
    this.retry = options.retry ?? false
  }
}
