import type { Readable } from 'node:stream'
import { formatLogRecord, type LogRecord, parseLogLine } from '../log-line.ts'
import { printable } from '../printable.ts'

const LONGEST_LINE = 16 * 1024

/** Calls `tell` for each line of a child's output; an endless line is cut into pieces of 16 kB. */
export function eachLine(stream: Readable, tell: (line: string) => void): void {
  let rest = ''
  stream.setEncoding('utf8')
  stream.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) tell(line)
    if (rest.length > LONGEST_LINE) {
      tell(rest)
      rest = ''
    }
  })
  stream.on('end', () => {
    if (rest !== '') tell(rest)
    rest = ''
  })
  stream.on('error', () => {})
}

/** A child's line as the terminal shows it, behind its label; and the record, if pino wrote it. */
export function readableLine(line: string): { text: string; record: LogRecord | undefined } {
  const record = parseLogLine(line)
  const text = record === undefined ? printable(line.replace(/\r$/, '')) : formatLogRecord(record)
  return { text, record }
}

/** Puts a label before each line of a text: `web    │ …`. */
export function labelled(name: string, width: number, text: string): string {
  return text
    .split('\n')
    .map(line => `${name.padEnd(width)} │ ${line}`.trimEnd())
    .join('\n')
}
