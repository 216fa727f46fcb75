import type { Blog, StaffMessage, User } from '@tidings/blog'
import { checkMessage, info, LEVELS, type NewMessage } from '@tidings/messages'
import { typedMoment } from '../../zoned-time.ts'
import type { MessageForm } from './message-form.ts'
import { readNames } from './recipients.ts'

const DAY = 24 * 60 * 60_000
/** How long a message is shown at most: as long as lists are kept. */
const MAX_DAYS = 30
// The sender stands before it, and a message has 2,000.
const MAX_TEXT = 1800

/**
 * The levels that staff may use. "Done" and "Failed" are how jobs end: a message of a person's must not look like an outcome.
 */
export const STAFF_LEVELS: Readonly<Record<string, number>> = { info: LEVELS.INFO, warning: LEVELS.WARNING }

/** What is wrong with a form, by field, which names nobody has, and the message, where nothing is wrong. */
export interface CheckedForm {
  problems: Readonly<Record<string, string>>
  unknown: readonly string[]
  draft: StaffMessage | undefined
}

/** Checks a form, and finds the people that it names. */
export async function checkForm(
  form: MessageForm,
  sender: User,
  users: Blog['users'],
  now = new Date(),
): Promise<CheckedForm> {
  const problems: Record<string, string> = {}
  const text = form.text.replace(/\r\n?/g, '\n').trim()
  const level = Object.hasOwn(STAFF_LEVELS, form.level) ? STAFF_LEVELS[form.level] : undefined
  if (level === undefined) problems.level = 'Choose one of the levels.'
  if (text === '') problems.text = 'Write what the message is to say.'
  if (text.length > MAX_TEXT) problems.text = `Write at most ${MAX_TEXT.toLocaleString('en')} characters.`
  const link = linkOf(form, problems)
  const window = windowOf(form, problems, now)
  const isToAll = form.to === 'everyone'
  if (!isToAll && form.to !== 'people') problems.to = 'Choose to whom it goes.'
  const { people, unknown, problem } = isToAll ? NOBODY : await readNames(form.names, users)
  if (problem) problems.names = problem
  else if (!isToAll && unknown.length > 0 && form.leaveOut === '')
    problems.names = 'Nobody has these names. Correct them, or have them left out: nothing is sent before.'
  else if (!isToAll && people.length === 0) problems.names = 'Say to whom it goes.'
  if (Object.keys(problems).length > 0) return { problems, unknown, draft: undefined }
  const draft: StaffMessage = {
    id: form.id,
    sender: { id: sender.id, username: sender.username },
    to: isToAll ? 'everyone' : people,
    recipients: isToAll ? await users.count() : people.length,
    level: level ?? LEVELS.INFO,
    text,
    ...(link && { link }),
    ...window,
    sentAt: now,
  }
  return { problems, unknown, draft }
}

/** The message as it is posted. Its sender is part of the text: there is no place where it is shown without. */
export function postedMessage({ sender, text, level, link }: StaffMessage): NewMessage {
  return {
    level,
    text: `Message from ${sender.username}, staff: ${text}`,
    extraTags: 'staff',
    ...(link && { link }),
  }
}

/** Whether these two say the same to the same people. */
export function isSame(a: StaffMessage, b: StaffMessage): boolean {
  const gist = ({ to, level, text, link, from, until }: StaffMessage) =>
    JSON.stringify([to === 'everyone' ? to : to.map(({ id }) => id), level, text, link, from, until])
  return gist(a) === gist(b)
}

const NOBODY = { people: [], unknown: [], problem: undefined }

function linkOf({ href, linkText }: MessageForm, problems: Record<string, string>) {
  const link = { href: href.trim(), text: linkText.trim() }
  if (link.href === '' && link.text === '') return undefined
  if (link.href === '') problems.href = 'Say where the link leads.'
  else if (!isPostable({ href: link.href, text: 'x' }))
    problems.href = 'Expected a path of this site, such as /jobs, or an address that begins with https://.'
  if (link.text === '') problems.linkText = 'Say what the link is called.'
  else if (!isPostable({ href: '/', text: link.text })) problems.linkText = 'Write at most 200 characters.'
  return link
}

function isPostable(link: { href: string; text: string }): boolean {
  try {
    checkMessage(info('x', { link }))
    return true
  } catch {
    return false
  }
}

function windowOf(
  form: MessageForm,
  problems: Record<string, string>,
  now: Date,
): { from?: Date; until?: Date } {
  const momentOf = (field: 'from' | 'until') => {
    if (form[field].trim() === '') return undefined
    const { moment, problem } = typedMoment(form[field], form.zone)
    if (problem !== undefined) problems[field] = problem
    return moment
  }
  const [from, until] = [momentOf('from'), momentOf('until')]
  if (problems.from !== undefined || problems.until !== undefined) return {}
  const begins = from && from > now ? from : now
  // What is written to people by name lies in their lists, which are kept from now on; a broadcast is kept for its time.
  const latest = (form.to === 'everyone' ? begins : now).getTime() + MAX_DAYS * DAY
  if (until && until <= begins) problems.until = 'It must end after it begins, and not in the past.'
  else if (until && until.getTime() > latest)
    problems.until =
      form.to === 'everyone'
        ? `A message is shown for ${MAX_DAYS} days at most.`
        : `A message to people by name must end within ${MAX_DAYS} days.`
  else if (!until && begins.getTime() >= latest)
    problems.from = `A message to people by name must begin within ${MAX_DAYS} days.`
  return { ...(from && { from }), ...(until && { until }) }
}
