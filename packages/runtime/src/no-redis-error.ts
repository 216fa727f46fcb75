import { PlainError } from './plain-error.ts'

/** There is no Redis to use, or it doesn't answer. The message says why and what to do, without any password. */
export class NoRedisError extends PlainError {
  override name = 'NoRedisError'
  /** As in sysexits: 75 for what may pass by itself, 78 for what somebody has to set right; 1 where that isn't known. */
  override readonly exitCode: number

  constructor(message: string, { exitCode = 1, ...options }: ErrorOptions & { exitCode?: number } = {}) {
    super(message, options)
    this.exitCode = exitCode
  }
}
