import { printableJson } from '@tidings/runtime/printable'

/** Data, for whoever reads standard output: a person, or the next program in a pipe. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

/** Everything else: what was done, hints, questions. */
export function tell(text: string): void {
  process.stderr.write(`${text}\n`)
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
