const DATE = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  timeZone: 'UTC',
})
const CLOCK = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', timeZone: 'UTC' })

/** A moment as a page shows it: for machines, and in words with its zone. */
export interface ShownTime {
  iso: string
  day: string
  text: string
}

/** How a page shows a moment. */
export function shownTime(date: Date): ShownTime {
  const day = DATE.format(date)
  return { iso: date.toISOString(), day, text: `${day}, ${CLOCK.format(date)} UTC` }
}

const SECONDS = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium', timeZone: 'UTC' })

/** The same for a moment that is near, to the second and without its day. */
export function shownClock(date: Date): Omit<ShownTime, 'day'> {
  return { iso: date.toISOString(), text: `${SECONDS.format(date)} UTC` }
}
