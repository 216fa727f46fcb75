const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE
const TYPED = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(:\d\d(?:\.\d{1,3})?)?$/

/** What somebody means who types a date and a time in a field for these, or why that can't be known. */
export type TypedMoment = { moment: Date; problem?: undefined } | { moment?: undefined; problem: string }

/**
 * The moment that is typed without a zone, such as `2026-11-22T10:00`, in the zone that the form's hidden field `zone` names: the
 * reader's, filled in by public/zones.js; empty, it is UTC. Where clocks are changed a time may be missing, or come twice.
 */
export function typedMoment(typed: string, zone: string): TypedMoment {
  const [, day = '', clock = '', seconds = ':00'] = TYPED.exec(typed.trim()) ?? []
  const local = Date.parse(`${day}T${clock}${seconds}Z`)
  // The 31st of February is another day to some, and none to us.
  if (Number.isNaN(local) || !new Date(local).toISOString().startsWith(`${day}T${clock}`))
    return { problem: 'Expected a date and a time.' }
  if (!isZone(zone)) return { problem: 'Your browser’s time zone is not known here. Write the time in UTC.' }
  const offsets = new Set([local - DAY, local + DAY].map(near => offsetAt(near, zone)))
  const [moment, second] = [...offsets]
    .map(offset => local - offset)
    .filter(candidate => candidate + offsetAt(candidate, zone) === local)
  const where = `on ${DATE.format(local)} in ${zoneWords(zone)}`
  if (moment === undefined)
    return { problem: `There is no ${clock} ${where}: the clocks are put forward then. Choose another time.` }
  if (second !== undefined)
    return {
      problem: `${clock} comes twice ${where}: the clocks are put back then. Choose a time before or after.`,
    }
  return { moment: new Date(moment) }
}

/** Whether this can be said in a zone: `''`, which is UTC, or a name that is known here, such as `Europe/Berlin`. */
export function isZone(zone: string): boolean {
  if (zone === '') return true
  if (!/^[A-Za-z][\w+/-]{1,63}$/.test(zone)) return false
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone })
    return true
  } catch {
    return false
  }
}

/** What stands beside a field: in which zone its time is. */
export function zoneLabel(zone: string): string {
  return zone === '' || zone === 'UTC' || !isZone(zone) ? 'UTC' : `in ${zoneWords(zone)}`
}

/** A moment in words, in a zone that is named: `22 Nov 2026, 10:00 in Europe/Berlin`. */
export function momentInWords(date: Date, zone: string): string {
  const timeZone = zone === '' || !isZone(zone) ? 'UTC' : zone
  const words = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short', timeZone })
  return `${words.format(date)} ${zoneLabel(zone)}`
}

const DATE = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' })

function zoneWords(zone: string): string {
  return zone === '' ? 'UTC' : zone.replaceAll('_', ' ')
}

/** How far the zone's clocks are ahead of UTC at a moment, ms. */
function offsetAt(moment: number, zone: string): number {
  if (zone === '') return 0
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  const parts = Object.fromEntries(
    format.formatToParts(moment).map(({ type, value }) => [type, Number(value)]),
  )
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(moment / 1000) * 1000
}
