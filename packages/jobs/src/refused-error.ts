/** An owner has as many unfinished jobs as they may have. */
export class TooManyJobsError extends Error {
  override readonly name = 'TooManyJobsError'
  readonly code = 'TIDINGS_TOO_MANY_JOBS'
  readonly limit: number

  constructor(limit: number) {
    super(
      `The owner has ${limit} unfinished jobs, which is as many as one may have: try again when some have ended`,
    )
    this.limit = limit
  }
}

/** The same idempotency key came with another input. */
export class KeyReusedError extends Error {
  override readonly name = 'KeyReusedError'
  readonly code = 'TIDINGS_KEY_REUSED'

  constructor() {
    super('This idempotency key was used with other input: a key belongs to one job with one input')
  }
}
