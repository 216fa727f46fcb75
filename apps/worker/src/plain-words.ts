import { UnwrappableError } from '@tidings/jobs'
import { ShardCountError } from '@tidings/messages'
import { NoRedisError, PlainError, withoutCredentials } from '@tidings/runtime'
import { EXIT } from './exit-code.ts'

/** The set-up must be put right by somebody. */
export class SetUpError extends PlainError {
  override name = 'SetUpError'
  override readonly exitCode = EXIT.configuration
}

/** Redis has refused a command, and done nothing of it; later it may not. */
export class NotNowError extends NoRedisError {
  override name = 'NotNowError'

  constructor(message: string, cause: unknown) {
    super(message, { cause, exitCode: EXIT.temporary })
  }
}

/** What an error means for whoever sits at the command line; one that only its author can mend stays as it is. */
export function inPlainWords(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof PlainError) return error
  if (error instanceof UnwrappableError || error instanceof ShardCountError)
    return new SetUpError(error.message, { cause: error })
  const said = withoutCredentials(error.message)
  if (/^NOPERM/.test(error.message))
    return new SetUpError(`This Redis user may not do that (${said}). Run: tidings check`, { cause: error })
  if (/^(NOAUTH|WRONGPASS)/.test(error.message))
    return new SetUpError(`Redis refuses the user or password (${said}). Correct REDIS_URL.`, {
      cause: error,
    })
  const refusal = REFUSALS.find(([words]) => words.test(error.message))
  if (refusal) return new NotNowError(refusal[1], error)
  if (!isTrouble(error)) return error
  const cause = { cause: error, exitCode: EXIT.temporary }
  return new NoRedisError(`Redis does not answer (${REASONS[error.name] ?? said}). Try again later.`, cause)
}

// What Redis says of itself begins with such a word; a script's answer has it further on.
const REFUSALS: readonly (readonly [RegExp, string])[] = [
  [
    /\bOOM /,
    'The memory of Redis is full, and it takes nothing new. Raise its maxmemory; see: tidings check',
  ],
  [
    /\bMISCONF /,
    'Redis can’t write to its disk, and takes nothing new. Make room there, and look into its log; see: tidings check',
  ],
  [
    /\bREADONLY /,
    'This Redis is a replica that can’t be written to, for now at least. Set REDIS_URL to its master, or try again when it is one.',
  ],
  [/\bLOADING /, 'Redis is still reading its data. Try again in a while.'],
  [
    /\b(CLUSTERDOWN|MASTERDOWN|TRYAGAIN) /,
    'A part of Redis is away, or moving. Try again in a while; see: tidings check',
  ],
]

const REASONS: Readonly<Record<string, string>> = {
  MaxRetriesPerRequestError: 'the connection was cut, and cut again',
}

const CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ETIMEDOUT',
  'EPIPE',
  'ENOENT',
  'EHOSTUNREACH',
  'ENOTFOUND',
])
const TEXTS =
  /^(Command timed out|Connection is closed|Socket timeout|no answer|Redis has not answered|.* took longer than)|max retries per request|Stream isn't writeable|^(Cluster isn't ready|Failed to refresh slots cache|None of startup nodes|Too many Cluster redirections)/i

function isTrouble(error: Error & { code?: unknown }): boolean {
  return (CODES.has(String(error.code)) && 'syscall' in error) || TEXTS.test(error.message)
}
