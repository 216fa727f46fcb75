const DATE = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  timeZone: 'UTC',
})
const LONG_DATE = new Intl.DateTimeFormat('en-GB', { dateStyle: 'full', timeZone: 'UTC' })
const CLOCK = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', timeZone: 'UTC' })

/** A moment as a page shows it: for machines, and in words with its zone. */
export interface ShownTime {
  iso: string
  day: string
  /** The day with its weekday, for a heading. */
  longDay: string
  clock: string
  text: string
}

/** How a page shows a moment. With a script, the reader sees it in their own zone (public/times.js). */
export function shownTime(date: Date): ShownTime {
  const day = DATE.format(date)
  const clock = `${CLOCK.format(date)} UTC`
  return { iso: date.toISOString(), day, longDay: LONG_DATE.format(date), clock, text: `${day}, ${clock}` }
}

const SECONDS = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium', timeZone: 'UTC' })

/** The same for a moment that is near, to the second and without its day. */
export function shownClock(date: Date): Pick<ShownTime, 'iso' | 'text'> {
  return { iso: date.toISOString(), text: `${SECONDS.format(date)} UTC` }
}
