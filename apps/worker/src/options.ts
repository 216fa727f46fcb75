import { InvalidArgumentError } from 'commander'

/** Reads a whole number within bounds. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return text => {
    const number = Number(text)
    if (text.trim() !== '' && Number.isInteger(number) && number >= least && number <= most) return number
    throw new InvalidArgumentError(`Expected a whole number from ${least} to ${most}.`)
  }
}

/** Reads a time in seconds; gives it in ms. */
export function seconds(least: number, most: number): (text: string) => number {
  return text => {
    const number = Number(text)
    if (text.trim() !== '' && number >= least && number <= most) return number * 1000
    throw new InvalidArgumentError(`Expected a number of seconds from ${least} to ${most}.`)
  }
}

/** Reads the name of a queue; each use of the option adds one. */
export function queues(text: string, before: readonly string[] = []): string[] {
  // One that begins with "-" is the next flag, behind a name that was forgotten.
  if (!/^\w[\w-]{0,59}$/.test(text))
    throw new InvalidArgumentError('Expected a queue’s name: letters, digits, "-" and "_", no "-" first.')
  return [...new Set([...before, text])]
}

/** Reads a text that says something. */
export function words(text: string): string {
  if (text.trim() !== '') return text
  throw new InvalidArgumentError('Expected a text that says something.')
}

/** Gathers what an option is given each time that it is used. */
export function each(text: string, before: readonly string[] = []): string[] {
  return [...before, text]
}
