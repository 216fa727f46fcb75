const TIME = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' })

/** A moment in a message, with its zone: `22 Nov 2026, 10:00 UTC`. */
export function timeInWords(date: Date): string {
  return `${TIME.format(date)} UTC`
}
