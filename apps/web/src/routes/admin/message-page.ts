import type { StaffMessage, StaffMessageState } from '@tidings/blog'
import { tagsOf } from '@tidings/messages'
import { levelWord } from '../../level-word.ts'
import { type ShownTime, shownTime } from '../../shown-time.ts'
import { postedMessage, STAFF_LEVELS } from './message-draft.ts'
import type { Report } from './staff-messages.ts'

const EXCERPT = 140
const NAMED = 200

/** The levels as the form offers them. */
export const LEVEL_OPTIONS = Object.entries(STAFF_LEVELS).map(([value, level]) => ({
  value,
  text: levelWord(level),
}))

/** A message as its recipients will see it: what the templates of messages take. */
export function previewOf(message: StaffMessage) {
  const { level, text, extraTags, link } = postedMessage(message)
  return { id: 'preview', level, text, link, tags: tagsOf({ level, extraTags }), count: 1 }
}

/** To whom, in words. */
export function toWhom({ to, recipients }: Pick<StaffMessage, 'to' | 'recipients'>): string {
  if (to === 'everyone') return `everyone: ${people(recipients)}`
  return `${people(to.length)}: ${someOf(to.map(({ username }) => username))}`
}

/** A message in the list. */
export function messageInList({ message, state }: { message: StaffMessage; state: StaffMessageState }) {
  const { id, sender, to, recipients, level, text, sentAt } = message
  return {
    href: messagePath(id),
    excerpt: text.length > EXCERPT ? `${text.slice(0, EXCERPT)}…` : text,
    word: levelWord(level),
    to: to === 'everyone' ? 'everyone' : people(recipients),
    by: sender.username,
    sent: shownTime(sentAt),
    ...stateWords(state),
  }
}

/** A message on its own page. */
export function messageOnPage(
  { message, state }: { message: StaffMessage; state: StaffMessageState },
  report: Report,
) {
  const { withdrawal } = state
  const { from, until, text, link } = message
  const isDone = withdrawal !== undefined || report.isOver
  return {
    ...messageInList({ message, state }),
    text,
    link,
    toWhom: toWhom(message),
    from: from && shownTime(from),
    until: until && shownTime(until),
    isSent: state.isSent,
    counts: [
      { term: 'Delivered to', text: people(report.delivered) },
      { term: 'Seen by', text: count(report.seen) },
      { term: isDone ? 'Not seen by' : 'Not yet seen by', text: count(report.notYet) },
      ...(report.gone ? [{ term: 'No longer in the inbox of', text: count(report.gone) }] : []),
    ],
    counted: report.isOver && !withdrawal && countedWords(report),
    names:
      report.names &&
      [
        { term: 'Seen', text: someOf(report.names.seen, NAMED) },
        { term: isDone ? 'Not seen' : 'Not yet', text: someOf(report.names.notYet, NAMED) },
        { term: 'No longer there', text: someOf(report.names.gone, NAMED) },
      ].filter(each => each.text !== ''),
    withdrawal: withdrawal && {
      by: withdrawal.by.username,
      at: shownTime(withdrawal.at),
      words: withdrawnWords(withdrawal.seen, withdrawal.takenBack),
    },
    canWithdraw: !isDone,
  }
}

/** What taking a message back has done, in words. */
export function withdrawnWords(seen: number, takenBack: number | undefined): string {
  const had =
    seen === 0 ? 'nobody had seen it' : `${people(seen)} had seen it, and may still find it in their inbox`
  if (takenBack === undefined)
    return seen === 0
      ? 'It was taken back: nobody had seen it, and nobody will.'
      : `It was taken back: ${people(seen)} had seen it; nobody else will.`
  return `It was taken back from ${people(takenBack)}; ${had}.`
}

/** The address of a message's page. */
export function messagePath(id: string): string {
  return `/admin/messages/${encodeURIComponent(id)}`
}

/** `1 person`, `2 people`. */
export function people(number: number): string {
  return `${number.toLocaleString('en')} ${number === 1 ? 'person' : 'people'}`
}

function stateWords({ isSent, withdrawal }: StaffMessageState): { words: string; tone: string } {
  if (withdrawal) return { words: 'Taken back', tone: 'warning' }
  return isSent ? { words: 'Sent', tone: 'success' } : { words: 'Not sent to all', tone: 'error' }
}

function count(number: number | undefined): string {
  return number === undefined ? 'not known' : people(number)
}

/** From when the numbers are, of a message whose time is over. */
function countedWords({ asOf }: Report): { text: string; at?: ShownTime } {
  if (asOf === undefined) return { text: 'Its time is over, and it was not counted before.' }
  return { text: 'Its time is over. It was last counted on', at: shownTime(asOf) }
}

function someOf(names: readonly string[], max = 10): string {
  const more = names.length - max
  return more > 0
    ? `${names.slice(0, max).join(', ')} and ${more.toLocaleString('en')} more`
    : names.join(', ')
}
