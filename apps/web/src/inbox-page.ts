import { type InboxMessage, LEVELS } from '@tidings/messages'
import { levelWord } from './level-word.ts'
import { shownTime } from './shown-time.ts'

/** The filters of an inbox: what the address says, the word, and from which level on. The last is for all the rest. */
const FILTERS = [
  { name: 'error', level: LEVELS.ERROR },
  { name: 'warning', level: LEVELS.WARNING },
  { name: 'success', level: LEVELS.SUCCESS },
  { name: 'info', level: 0 },
] as const

/** An inbox, or what of it has one level, grouped by the days of UTC. */
export function inboxPage(inbox: readonly InboxMessage[], wanted: unknown) {
  const filter = FILTERS.find(({ name }) => name === wanted)
  const listed = filter === undefined ? inbox : inbox.filter(message => filterOf(message) === filter)
  return {
    days: daysOf(listed),
    filters: [
      { href: '/inbox', text: 'All', count: inbox.length, isCurrent: filter === undefined },
      ...FILTERS.map(each => ({
        href: inboxPath(each.name),
        text: levelWord(each.level || LEVELS.INFO),
        count: inbox.filter(message => filterOf(message) === each).length,
        isCurrent: each === filter,
      })),
    ],
    level: filter?.name,
    unread: inbox.filter(message => message.unread).length,
    newest: inbox[0]?.id,
  }
}

/** The address of an inbox, filtered as the given text says where that is a filter. */
export function inboxPath(level: string): string {
  return FILTERS.some(({ name }) => name === level) ? `/inbox?level=${level}` : '/inbox'
}

function filterOf({ level }: InboxMessage) {
  return FILTERS.find(filter => level >= filter.level)
}

function daysOf(messages: readonly InboxMessage[]) {
  const days = new Map<string, ReturnType<typeof messageInInbox>[]>()
  for (const message of messages) {
    const { longDay } = shownTime(message.time)
    days.set(longDay, [...(days.get(longDay) ?? []), messageInInbox(message)])
  }
  return [...days].map(([text, messages]) => ({ text, messages }))
}

function messageInInbox({ id, text, level, tags, link, time, unread }: InboxMessage) {
  return { id, text, word: levelWord(level), tags, link, unread, time: shownTime(time) }
}
