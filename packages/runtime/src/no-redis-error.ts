import { PlainError } from './plain-error.ts'

/** There is no Redis to use, or it doesn't answer. The message says why and what to do, without any password. */
export class NoRedisError extends PlainError {
  override name = 'NoRedisError'
}
