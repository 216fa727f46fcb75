import { z } from 'zod'

const MIN_LENGTH = 8
const MAX_LENGTH = 1000

/** What may be a password, but for {@link isCommon}: of 8 to 1000 characters, whatever they are. */
export const newPassword = z
  .string()
  .refine(password => [...password.normalize('NFKC')].length >= MIN_LENGTH, {
    message: `Expected a password of at least ${MIN_LENGTH} characters.`,
  })
  .refine(isNotTooLong, { message: `Expected a password of at most ${MAX_LENGTH} characters.` })

/** Whether it is no longer than any password can be. */
export function isNotTooLong(password: string): boolean {
  return password.length <= MAX_LENGTH
}

/** `create` and `setPassword` refused a password that attackers try first. */
export class CommonPasswordError extends Error {
  override name = 'CommonPasswordError'

  constructor() {
    super('Expected a password that is not among the most common ones, and not the username.')
  }
}

/**
 * Throws for what can't be this user's password.
 * @throws ZodError for its length, CommonPasswordError
 */
export async function checkNewPassword(password: string, username: string): Promise<void> {
  newPassword.parse(password)
  const typed = password.normalize('NFKC').toLowerCase()
  if (typed === username.toLowerCase() || (await commonPasswords()).has(typed))
    throw new CommonPasswordError()
}

let common: Promise<ReadonlySet<string>> | undefined

// Some megabytes, and needed seldom.
function commonPasswords(): Promise<ReadonlySet<string>> {
  common ??= import('@zxcvbn-ts/language-common').then(
    ({ dictionary }) => new Set(dictionary['passwords-common'].filter(({ length }) => length >= MIN_LENGTH)),
  )
  return common
}
