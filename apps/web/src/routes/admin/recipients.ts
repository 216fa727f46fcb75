import type { Blog } from '@tidings/blog'
import { inChunks } from './in-chunks.ts'

const MAX_NAMES = 1000

/** Whom a list of names means. */
export interface Recipients {
  /** Each once, in the order in which they were named. */
  people: { id: string; username: string }[]
  /** Names that nobody has, as they were typed. */
  unknown: string[]
  problem: string | undefined
}

/** Finds the people of a list of names: typed or pasted, separated by spaces, commas, semicolons or lines. */
export async function readNames(
  typed: string,
  users: Pick<Blog['users'], 'findByName'>,
): Promise<Recipients> {
  const names = new Map<string, string>()
  for (const name of typed.split(/[\s,;]+/)) if (name !== '') names.set(name.toLowerCase(), name)
  if (names.size > MAX_NAMES) {
    const problem = `Name at most ${MAX_NAMES.toLocaleString('en')} people; these are ${names.size.toLocaleString('en')}.`
    return { people: [], unknown: [], problem }
  }
  const people = new Map<string, string>()
  const unknown: string[] = []
  await inChunks([...names.values()], async name => {
    const user = name.length <= 40 ? await users.findByName(name) : undefined
    return { name, user }
  }).then(found => {
    for (const { name, user } of found) {
      if (user) people.set(user.id, user.username)
      else unknown.push(name)
    }
  })
  return { people: [...people].map(([id, username]) => ({ id, username })), unknown, problem: undefined }
}
