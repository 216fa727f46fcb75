import { UnwrappableError } from '@tidings/jobs'
import { ShardCountError } from '@tidings/messages'
import { NoRedisError, PlainError, withoutCredentials } from '@tidings/runtime'
import { EXIT } from './exit-code.ts'

/** The set-up must be put right by somebody. */
export class SetUpError extends PlainError {
  override name = 'SetUpError'
  override readonly exitCode = EXIT.configuration
}

/** What an error means for whoever sits at the command line; one that only its author can mend stays as it is. */
export function inPlainWords(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof PlainError) return error
  if (error instanceof UnwrappableError || error instanceof ShardCountError)
    return new SetUpError(error.message, { cause: error })
  if (/^NOPERM/.test(error.message))
    return new SetUpError(
      `This Redis user may not do that (${withoutCredentials(error.message)}). Run: tidings check`,
      { cause: error },
    )
  if (isTrouble(error))
    return new NoRedisError(
      `Redis does not answer (${withoutCredentials(error.message)}). Try again later.`,
      {
        cause: error,
        exitCode: EXIT.temporary,
      },
    )
  return error
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
  /^(Command timed out|Connection is closed|Socket timeout|no answer|LOADING|OOM|MISCONF|READONLY|CLUSTERDOWN|MASTERDOWN|TRYAGAIN|Redis has not answered|.* took longer than)|max retries per request|Stream isn't writeable/i

function isTrouble(error: Error & { code?: unknown }): boolean {
  return (CODES.has(String(error.code)) && 'syscall' in error) || TEXTS.test(error.message)
}
