/**
 * Ends a request with the error page of this status. The message is for the log; people read the page's own words.
 */
export class PageError extends Error {
  override readonly name = 'PageError'
  readonly statusCode: number

  constructor(statusCode: number, message: string, options?: ErrorOptions) {
    super(message, options)
    this.statusCode = statusCode
  }
}

/** What somebody else's and what nobody's looks like: the page isn't there. */
export function notFound(): PageError {
  return new PageError(404, 'nothing here for this person')
}
