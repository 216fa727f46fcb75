import { UnrecoverableError } from 'bullmq'
import { encodeCancelled, encodeReason } from './failed-reason.ts'

const MAX_STACK = 4000

/** What BullMQ is thrown for an attempt that failed. It keeps message and stack: the one is for the owner, the other of the fault. */
export function tryAgain(reason: string, cause: unknown): Error {
  return withStackOf(cause, new Error(encodeReason(reason)))
}

/** The same where no further attempt is made. */
export function giveUp(reason: string, cause?: unknown): UnrecoverableError {
  return withStackOf(cause, new UnrecoverableError(encodeReason(reason)))
}

/** The same for a job that was cancelled while it ran. */
export function cancelled(reason: string): UnrecoverableError {
  return new UnrecoverableError(encodeCancelled(reason))
}

function withStackOf<E extends Error>(cause: unknown, error: E): E {
  if (cause instanceof Error) error.stack = String(cause.stack).slice(0, MAX_STACK)
  return error
}
