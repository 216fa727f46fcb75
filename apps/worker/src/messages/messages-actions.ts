import { checkMessage, LEVELS, levelTag, type NewMessage } from '@tidings/messages'
import { printable } from '@tidings/runtime'
import { EXIT } from '../exit-code.ts'
import { print, printJson, tell } from '../output.ts'
import { peopleNamed, personNamed } from '../people.ts'
import { confirm, readInput } from '../stdin.ts'
import { table } from '../table.ts'
import { type ToolOptions, withTools } from '../tools.ts'
import { UsageError } from '../usage-error.ts'

interface SendOptions extends ToolOptions {
  to?: string[]
  all?: true
  level: Lowercase<keyof typeof LEVELS>
  link?: string
  linkText?: string
  dryRun?: true
  yes?: true
}

/** `tidings messages send` */
export async function sendMessage(given: string | undefined, options: SendOptions): Promise<void> {
  const { to = [], all = false, dryRun = false } = options
  if (all === to.length > 0) throw new UsageError('Say to whom: --to <user>, or --all; not both.')
  const isPiped = given === undefined || given === '-'
  const message = checked(isPiped ? (await readInput('a text')).trimEnd() : given, options)
  if (all && !dryRun && !options.yes) {
    if (isPiped || !process.stdin.isTTY)
      throw new UsageError('A message to everyone is sent with --yes, where nobody can be asked.')
    if (!(await confirm(`Send “${printable(message.text)}” (${options.level}) to everyone?`)))
      return tell('Nothing was sent.')
  }
  await withTools(options, async ({ store, application }) => {
    const people = await peopleNamed([...new Set(to)], application)
    const names = all ? 'everyone' : people.map(({ name }) => printable(name)).join(', ')
    if (dryRun) return tell(`Would send “${printable(message.text)}” (${options.level}) to ${names}.`)
    if (all) print(await store.broadcast(message))
    for (const { id } of people) await store.post(id, message)
    tell(`Sent to ${names}.`)
  })
}

/** `tidings messages list` */
export function listMessages(options: ToolOptions & { to?: string; json?: true }): Promise<void> {
  return withTools(options, async ({ store, application }) => {
    if (options.to === undefined) {
      const broadcasts = await store.broadcasts()
      if (options.json) return printJson(broadcasts)
      const rows = broadcasts.map(({ id, level, from, until, seen, text }) => [
        id,
        levelTag(level) || level,
        from,
        until,
        seen,
        text,
      ])
      return show(['ID', 'LEVEL', 'FROM', 'UNTIL', 'SEEN BY', 'TEXT'], rows)
    }
    const { id: owner } = await personNamed(options.to, application)
    const since = (await application.users?.find(owner))?.createdAt
    const inbox = await store.inbox(owner, since && { since })
    if (options.json) return printJson(inbox)
    const rows = inbox.map(({ id, level, time, unread, text }) => [
      id,
      levelTag(level) || level,
      time,
      unread ? 'unread' : 'read',
      text,
    ])
    show(['ID', 'LEVEL', 'TIME', 'STATE', 'TEXT'], rows)
  })
}

/** `tidings messages withdraw` */
export function withdrawMessages(ids: readonly string[]): Promise<void> {
  return withTools({}, async ({ store }) => {
    for (const id of ids) {
      const isGone = await store.withdraw(id)
      tell(isGone ? `${printable(id)} is withdrawn.` : `There is no message to everyone ${printable(id)}.`)
      if (!isGone) process.exitCode = EXIT.failure
    }
  })
}

function checked(text: string, { level, link, linkText }: SendOptions) {
  const message: NewMessage = {
    level: LEVELS[level.toUpperCase() as keyof typeof LEVELS],
    text,
    ...(link !== undefined && { link: { href: link, text: linkText ?? link } }),
  }
  if (link === undefined && linkText !== undefined) throw new UsageError('--link-text needs --link.')
  try {
    return checkMessage(message)
  } catch (error) {
    throw error instanceof TypeError ? new UsageError(error.message, { cause: error }) : error
  }
}

function show(headings: readonly string[], rows: readonly (readonly unknown[])[]): void {
  if (rows.length === 0) tell('There are none.')
  else print(table(headings, rows))
}
