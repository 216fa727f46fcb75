import { createHash, randomBytes } from 'node:crypto'

// BullMQ keeps jobs beside lists and sets of its own (`wait`, `meta`, `<id>:lock`): an id from an address must not name one.
const JOB_ID = /^([\w-]{20,100}|repeat:[\w-]{22}:\d{13})$/

/** An id that nobody can guess. */
export function newId(): string {
  return randomBytes(16).toString('base64url')
}

/** The same id for the same parts. */
export function idOf(parts: readonly (string | number)[]): string {
  return digestOf(parts)
}

/** What stands for a value that JSON can hold. */
export function digestOf(value: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(value) ?? '')
    .digest('base64url')
    .slice(0, 22)
}

/** Whether this may be the id of a job. */
export function isJobId(id: string): boolean {
  return JOB_ID.test(id)
}
