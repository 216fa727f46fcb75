/**
 * Ends a request with the error page of this status. The message is for the log; people read the page's own words.
 */
export class PageError extends Error {
  override readonly name = 'PageError'
  readonly statusCode: number
  /** In how many seconds to try again, where the status is one that passes. */
  readonly retryAfter: number | undefined

  constructor(statusCode: number, message: string, options: ErrorOptions & { retryAfter?: number } = {}) {
    super(message, options)
    this.statusCode = statusCode
    this.retryAfter = options.retryAfter
  }
}

/** What somebody else's and what nobody's looks like: the page isn't there. */
export function notFound(): PageError {
  return new PageError(404, 'nothing here for this person')
}
