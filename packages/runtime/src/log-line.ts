import { styleText } from 'node:util'
import { printable } from './printable.ts'

/** A line of a process's log, as pino writes it. */
export type LogRecord = Record<string, unknown>

/** Reads a line of JSON that pino wrote; undefined for any other line. */
export function parseLogLine(line: string): LogRecord | undefined {
  if (!line.startsWith('{')) return undefined
  try {
    const record: unknown = JSON.parse(line)
    return isRecord(record) && typeof record.level === 'number' && typeof record.time === 'number'
      ? record
      : undefined
  } catch {
    return undefined
  }
}

/**
 * Writes a record for people: local time, the level unless it is info, the message, the fields. Everything stands on
 * one line but the frames of an error's stack, which follow indented. What users typed can't break out of its line.
 *
 * @param record the record
 * @param options `colour`: with terminal colours; off by default
 */
export function formatLogRecord(record: LogRecord, options: { colour?: boolean } = {}): string {
  const level = Number(record.level)
  const paint = options.colour === true ? painted : plain
  const words = [
    paint('dim', clock(Number(record.time))),
    ...(level === 30 ? [] : [paint(level >= 50 ? 'red' : level >= 40 ? 'yellow' : 'dim', levelName(level))]),
    ...(typeof record.msg === 'string' && record.msg !== '' ? [printable(record.msg)] : []),
    ...fieldsOf(record).map(([name, value]) => paint('dim', `${printable(name)}=${valueText(name, value)}`)),
  ]
  return [words.join(' '), ...stackFrames(record.err)].join('\n')
}

const HIDDEN = new Set(['level', 'time', 'pid', 'hostname', 'name', 'msg', 'v', 'ready'])

function fieldsOf(record: LogRecord): [string, unknown][] {
  return Object.entries(record).filter(([name, value]) => !HIDDEN.has(name) && value !== undefined)
}

function valueText(name: string, value: unknown): string {
  const short = isRecord(value) ? shortForm(name, value) : value
  const text = typeof short === 'string' ? short : (JSON.stringify(short) ?? '')
  const cut = text.length > 300 ? `${text.slice(0, 300)}…` : text
  // A value with a blank or a quote in it is quoted, so that it can't pass for another field.
  return typeof short === 'string' && /[\s"=]/.test(cut) ? printable(JSON.stringify(cut)) : printable(cut)
}

function shortForm(name: string, value: LogRecord): unknown {
  if (name === 'err') return value.message ?? value
  if (name === 'req' && 'method' in value && 'url' in value) return `${value.method} ${value.url}`
  if (name === 'res' && 'statusCode' in value) return value.statusCode
  return value
}

function stackFrames(error: unknown): string[] {
  if (!isRecord(error) || typeof error.stack !== 'string') return []
  const lines = error.stack.split('\n').map(line => line.trim())
  return lines.filter(line => line.startsWith('at ')).map(line => `    ${printable(line)}`)
}

function clock(time: number): string {
  const date = new Date(time)
  return [date.getHours(), date.getMinutes(), date.getSeconds()]
    .map(n => String(n).padStart(2, '0'))
    .join(':')
}

function levelName(level: number): string {
  if (level >= 60) return 'FATAL'
  if (level >= 50) return 'ERROR'
  if (level >= 40) return 'WARN'
  return level >= 20 ? 'DEBUG' : 'TRACE'
}

// Whoever asks for colours has looked at the stream that they are for; it needn't be this process's own.
function painted(style: Parameters<typeof styleText>[0], text: string): string {
  return styleText(style, text, { validateStream: false })
}

function plain(_style: string, text: string): string {
  return text
}

function isRecord(value: unknown): value is LogRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
