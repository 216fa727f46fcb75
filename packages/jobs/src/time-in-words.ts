const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/** A length of time for people, rounded down: `90 seconds`, `5 minutes`, `3 hours`. */
export function timeInWords(ms: number): string {
  if (ms < SECOND) return amount(ms, 'millisecond')
  if (ms < 2 * MINUTE && ms % MINUTE !== 0) return amount(ms / SECOND, 'second')
  if (ms < 2 * HOUR && ms % HOUR !== 0) return amount(ms / MINUTE, 'minute')
  return amount(ms / HOUR, 'hour')
}

function amount(of: number, unit: string): string {
  const whole = Math.floor(of)
  return `${whole} ${unit}${whole === 1 ? '' : 's'}`
}
