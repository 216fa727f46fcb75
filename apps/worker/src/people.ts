import { PlainError, printable } from '@tidings/runtime'
import type { Application } from './application.ts'

/** Whoever a name on the command line means. */
export interface Person {
  /** As owner of jobs and messages. */
  readonly id: string
  /** For people. */
  readonly name: string
}

/**
 * The owner with this name: a username or an id where the application's accounts are known, else an id.
 * @throws PlainError where nobody has that name.
 */
export async function personNamed(name: string, { users }: Application): Promise<Person> {
  if (!users) return { id: name, name }
  const user = (await users.findByName(name)) ?? (await users.find(name))
  if (!user) throw new PlainError(`There is no user ${printable(name)}.`)
  return { id: user.id, name: user.username }
}

/** All of these, in order. @throws PlainError that names each whom nobody knows. */
export async function peopleNamed(names: readonly string[], application: Application): Promise<Person[]> {
  const found = await Promise.allSettled(names.map(name => personNamed(name, application)))
  const unknown = found.flatMap(each => (each.status === 'rejected' ? [each.reason] : []))
  const fault = unknown.find(reason => !(reason instanceof PlainError))
  if (fault) throw fault
  if (unknown.length > 0) throw new PlainError(unknown.map(({ message }) => message).join('\n'))
  return found.flatMap(each => (each.status === 'fulfilled' ? [each.value] : []))
}

/** The names of owners, by their ids; somebody who is gone keeps the id. */
export async function namesOf(ids: Iterable<string>, { users }: Application): Promise<Map<string, string>> {
  const unique = [...new Set(ids)]
  const names = await Promise.all(unique.map(async id => (await users?.find(id))?.username ?? id))
  return new Map(unique.map((id, i) => [id, names[i] ?? id]))
}
