import { z } from 'zod'

const MIN_LENGTH = 8
const MAX_LENGTH = 1000

const length = z
  .string()
  .refine(isNotTooShort, { message: `Expected a password of at least ${MIN_LENGTH} characters.` })
  .refine(isNotTooLong, { message: `Expected a password of at most ${MAX_LENGTH} characters.` })

/** `create` and `setPassword` refused a password that attackers try first. */
export class CommonPasswordError extends Error {
  override name = 'CommonPasswordError'

  constructor() {
    super('Expected a password that is not among the most common ones, and not the username.')
  }
}

/** Why this can't be the password of the user with this name; undefined where it can. */
export async function passwordFault(
  password: string,
  username: string,
): Promise<'too short' | 'too long' | 'too common' | undefined> {
  if (!isNotTooLong(password)) return 'too long'
  if (!isNotTooShort(password)) return 'too short'
  return (await isCommon(password, username)) ? 'too common' : undefined
}

/**
 * Throws for what can't be the password of the user with this name.
 * @throws ZodError for its length, CommonPasswordError
 */
export async function checkNewPassword(password: string, username: string): Promise<void> {
  length.parse(password)
  if (await isCommon(password, username)) throw new CommonPasswordError()
}

/** Whether it is no longer than any password can be. */
export function isNotTooLong(password: string): boolean {
  return password.length <= MAX_LENGTH
}

function isNotTooShort(password: string): boolean {
  return [...password.normalize('NFKC')].length >= MIN_LENGTH
}

async function isCommon(password: string, username: string): Promise<boolean> {
  const typed = password.normalize('NFKC').toLowerCase()
  return typed === username.toLowerCase() || (await commonPasswords()).has(typed)
}

let common: Promise<ReadonlySet<string>> | undefined

// Some megabytes, and needed seldom.
function commonPasswords(): Promise<ReadonlySet<string>> {
  common ??= import('@zxcvbn-ts/language-common').then(
    ({ dictionary }) => new Set(dictionary['passwords-common'].filter(({ length }) => length >= MIN_LENGTH)),
  )
  return common
}
