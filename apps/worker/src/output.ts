import { printable, printableJson } from '@tidings/runtime/printable'

/** Data, for whoever reads standard output: a person, or the next program in a pipe. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

/** Everything else: what was done, hints, questions. */
export function tell(text: string): void {
  process.stderr.write(`${text}\n`)
}

/** Says what was left alone, after what comes before it could not be done. */
export function tellUntried(names: readonly string[]): void {
  if (names.length === 0) return
  const some = names.slice(0, 10).map(printable).join(', ')
  tell(`Not tried: ${names.length > 10 ? `${some}, and ${names.length - 10} more` : some}.`)
}

/** Data for machines, which a person may look at, too: an object, or one object a line for a list. */
export function printJson(data: unknown): void {
  for (const each of Array.isArray(data) ? data : [data]) print(printableJson(JSON.stringify(each)))
}

/** When nobody reads any more (`tidings jobs list | head -1`), what isn't read is not worth an error. */
export function quietWhenClosed(): void {
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
    })
}
