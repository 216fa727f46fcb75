// Known by this mark rather than by its class: it may come from another process, or from a second copy of this package.
const MARK = Symbol.for('@tidings/jobs JobFailure')

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
    Object.defineProperty(this, MARK, { value: true })
  }
}

/** What was thrown for the owner; `undefined` for any other error, and for what can't even be asked. */
export function readJobFailure(
  thrown: unknown,
): { readonly text: string; readonly retry: boolean } | undefined {
  try {
    if (!(thrown instanceof Error && MARK in thrown)) return undefined
    return { text: String(thrown.message), retry: 'retry' in thrown && thrown.retry === true }
  } catch {
    return undefined
  }
}
