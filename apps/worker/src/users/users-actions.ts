import { CommonPasswordError, deleteUser, type User, UsernameTakenError, type UserStore } from '@tidings/blog'
import { NoRedisError, PlainError, printable } from '@tidings/runtime'
import { z } from 'zod'
import { changing } from '../changing.ts'
import { EXIT } from '../exit-code.ts'
import { tell, tellUntried } from '../output.ts'
import { SetUpError } from '../plain-words.ts'
import { confirm, readInput, readPassword } from '../stdin.ts'
import { type Tools, withWritingTools } from '../tools.ts'
import { UsageError } from '../usage-error.ts'

type Role = User['role']

/** `tidings users add` */
export async function addUsers(name: string | undefined, { role }: { role: Role }): Promise<void> {
  const accounts = await accountsFor(name, 'Password: ')
  const unknown = (name: string) =>
    `${name} may or may not be added. Repeat it: where the name is taken then, it was added, with this password.`
  await withEach(
    accounts,
    async (users, { username, password }) => {
      await users.create({ username, password, role })
      return `${username} is added${role === 'staff' ? ' as staff' : ''}.`
    },
    unknown,
  )
}

/** `tidings users passwd` */
export async function setPasswords(name: string | undefined): Promise<void> {
  const accounts = await accountsFor(name, 'New password: ')
  await withEach(accounts, async (users, { username, password }) => {
    await users.setPassword((await userNamed(users, username)).id, password)
    return `${username} has another password.`
  })
}

/** `tidings users role` */
export async function setRole(username: string, role: Role): Promise<void> {
  await withEach([{ username }], async users => {
    await users.setRole((await userNamed(users, username)).id, role)
    return `${username} is ${role} now.`
  })
}

/** `tidings users disable` */
export function disableUsers(names: readonly string[]): Promise<void> {
  return withEach(named(names), async (users, { username }) => {
    await users.disable((await userNamed(users, username)).id)
    return `${username} is logged out, and can't log in.`
  })
}

/** `tidings users enable` */
export function enableUsers(names: readonly string[]): Promise<void> {
  return withEach(named(names), async (users, { username }) => {
    await users.enable((await userNamed(users, username)).id)
    return `${username} can log in again.`
  })
}

/** `tidings users delete` */
export async function deleteUsers(names: readonly string[], { yes }: { yes?: true }): Promise<void> {
  if (!yes) {
    if (!process.stdin.isTTY)
      throw new UsageError('Accounts are deleted with --yes, where nobody can be asked.')
    if (!(await confirm(`Delete ${names.map(printable).join(', ')} for ever?`)))
      return tell('Nothing was deleted.')
  }
  await withEach(named(names), async (users, { username }, { application: { blog }, store, jobs }) => {
    const { id } = await userNamed(users, username)
    const deleted = blog && (await deleteUser({ blog, store, jobs }, id))
    const running = deleted?.running ? `; ${deleted.running} of their jobs still run, and tell nobody` : ''
    return `${username} is deleted, with all that was theirs${running}.`
  })
}

async function withEach<Account extends { username: string }>(
  accounts: readonly Account[],
  act: (users: UserStore, account: Account, tools: Tools) => Promise<string>,
  unknown = (name: string) => `${name} may or may not be changed: asking again does no harm.`,
): Promise<void> {
  await withWritingTools({}, async tools => {
    const { users } = tools.application
    if (!users) return
    for (const [i, account] of accounts.entries()) {
      try {
        const { username } = account
        tell(printable(await changing(() => act(users, account, tools), printable(unknown(username)))))
      } catch (error) {
        if (!isRefusal(error)) {
          tellUntried(accounts.slice(i + 1).map(({ username }) => username))
          throw error
        }
        tell(printable(`${account.username}: ${whyRefused(error)}`))
        process.exitCode = EXIT.failure
      }
    }
  })
}

type Refusal = z.ZodError | UsernameTakenError | CommonPasswordError | PlainError

/** Whether the store has refused this account, and may take the next. */
function isRefusal(error: unknown): error is Refusal {
  if (error instanceof NoRedisError || error instanceof SetUpError) return false
  return [z.ZodError, UsernameTakenError, CommonPasswordError, PlainError].some(each => error instanceof each)
}

function whyRefused(error: Refusal): string {
  return error instanceof z.ZodError ? error.issues.map(({ message }) => message).join(' ') : error.message
}

async function userNamed(users: UserStore, name: string): Promise<User> {
  const user = await users.findByName(name)
  if (!user) throw new PlainError('There is nobody of that name.')
  return user
}

function named(names: readonly string[]): { username: string }[] {
  return names.map(username => ({ username }))
}

async function accountsFor(
  name: string | undefined,
  question: string,
): Promise<{ username: string; password: string }[]> {
  if (name !== undefined) return [{ username: name, password: await readPassword(question) }]
  const lines = (await readInput('a line for each account: name, tab or colon, password')).split(/\r?\n/)
  return lines.flatMap((line, i) => {
    if (line === '') return []
    const [, username, password] = /^([^\t:]+)[\t:](.+)$/.exec(line) ?? []
    // The line itself may hold a password.
    if (username === undefined || password === undefined)
      throw new UsageError(
        `Line ${i + 1}: expected a name, a tab or a colon, and a password. Nothing was done.`,
      )
    return [{ username, password }]
  })
}
