import { z } from 'zod'
import { storedDate } from './stored-date.ts'

/** What may be a username: it is shown in pages and typed at prompts. */
export const username = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9._-]{0,39}$/i,
    'Expected a username of up to 40 letters, digits, dots, dashes and underscores that starts with a letter or digit.',
  )

/** What somebody may do: staff see the staff area. */
export const role = z.enum(['member', 'staff'])

/** How an account is kept. */
export const userRecord = z.object({
  id: z.string(),
  username: z.string(),
  role,
  createdAt: storedDate,
  isDisabled: z.boolean().default(false),
  epoch: z.int().default(0),
  passwordHash: z.string(),
})

/** As it is kept, with the hash of its password. */
export type UserRecord = z.output<typeof userRecord>

/**
 * Somebody with an account. `id` is a random UUID: the owner of their jobs, messages and files. Only sessions that began in
 * this `epoch` count: it grows whenever all of them are to end.
 */
export type User = Omit<UserRecord, 'passwordHash'>

/** What somebody may do. */
export type Role = z.output<typeof role>

/** `create` refused a username that somebody has already, in whatever case. */
export class UsernameTakenError extends Error {
  override name = 'UsernameTakenError'
}
