import { createHash, randomUUID } from 'node:crypto'
import { checkMessage, LEVELS, levelTag, type NewMessage } from '@tidings/messages'
import { printable } from '@tidings/runtime'
import { changing } from '../changing.ts'
import { EXIT } from '../exit-code.ts'
import { print, printJson, tell, tellUntried } from '../output.ts'
import { type Person, peopleNamed, personNamed } from '../people.ts'
import { confirm, readInput } from '../stdin.ts'
import { table } from '../table.ts'
import { type ToolOptions, withTools, withWritingTools } from '../tools.ts'
import { UsageError } from '../usage-error.ts'

interface SendOptions extends ToolOptions {
  to?: string[]
  all?: true
  level: Lowercase<keyof typeof LEVELS>
  link?: string
  linkText?: string
  idempotencyKey?: string
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
  const open = dryRun ? withTools : withWritingTools
  await open(options, async ({ store, application }) => {
    const people = await peopleNamed([...new Set(to)], application)
    const names = all ? 'everyone' : namesOf(people)
    if (dryRun) return tell(`Would send “${printable(message.text)}” (${options.level}) to ${names}.`)
    const { idempotencyKey = randomUUID() } = options
    const unknown = (name: string) =>
      `${name} may or may not have it. The same command with --idempotency-key ${printable(idempotencyKey)} gives it to nobody twice.`
    if (all) print(await changing(() => store.broadcast(message, { idempotencyKey }), unknown('Everyone')))
    const once = { ...message, key: `sent:${digest(idempotencyKey)}` }
    for (const [i, { id, name }] of people.entries()) {
      await changing(() => store.postOnce(id, once), unknown(printable(name))).catch(error => {
        if (i > 0) tell(`Sent to ${namesOf(people.slice(0, i))}.`)
        tellUntried(people.slice(i + 1).map(({ name }) => name))
        throw error
      })
    }
    tell(`Sent to ${names}.`)
  })
}

function namesOf(people: readonly Person[]): string {
  return people.map(({ name }) => printable(name)).join(', ')
}

/** A key of any length, as a message's may be. */
function digest(key: string): string {
  return createHash('sha256').update(key).digest('base64url').slice(0, 22)
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
  return withWritingTools({}, async ({ store }) => {
    for (const [i, id] of ids.entries()) {
      // Asked before: when the command that removes it is sent a second time, it is gone already.
      const isThere = (await store.broadcasts()).some(each => each.id === id)
      const unknown = `${printable(id)} may or may not be withdrawn: asking again does no harm.`
      const isGone = await changing(() => store.withdraw(id), unknown).catch(error => {
        tellUntried(ids.slice(i + 1))
        throw error
      })
      tell(
        isGone || isThere
          ? `${printable(id)} is withdrawn.`
          : `There is no message to everyone ${printable(id)}.`,
      )
      if (!isGone && !isThere) process.exitCode = EXIT.failure
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
