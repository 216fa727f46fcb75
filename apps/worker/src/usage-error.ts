import { PlainError } from '@tidings/runtime'
import { EXIT } from './exit-code.ts'

/** What was asked for can't be done as it was written on the command line. */
export class UsageError extends PlainError {
  override name = 'UsageError'
  override readonly exitCode = EXIT.usage
}
