import { type DestinationStream, type Logger, pino, stdSerializers } from 'pino'
import { formatLogRecord, parseLogLine } from './log-line.ts'
import { PlainError } from './plain-error.ts'
import { printableJson, withoutCredentials } from './printable.ts'

/** Options of `createLogger`. */
export interface LoggerOptions {
  /** The process's name, in each line of JSON. */
  name: string
  /** The lowest level that is written: pino's names; 'info' by default. */
  level?: string
  /** 'pretty' for people, 'json' for machines; by default pretty when standard output is a terminal. */
  format?: 'pretty' | 'json'
  /** Where the lines go; standard output by default. */
  destination?: DestinationStream
  /** Facts for each line, as they are when it is written. */
  facts?: () => object | undefined
  /** Colours in what is pretty; by default on a terminal that knows them, unless `NO_COLOR` is set. */
  colour?: boolean
}

/** Whether text for this stream may have colours: it is a terminal that knows them, and nobody has set `NO_COLOR`. */
export function hasColours({ isTTY }: { isTTY?: boolean }): boolean {
  return isTTY === true && !process.env.NO_COLOR && process.env.TERM !== 'dumb'
}

/**
 * Makes a process's logger: pino, one line a record. Cookies, passwords, tokens, secrets and authorization headers are
 * replaced by `[hidden]` (as fields, up to three levels deep), and so is the user and password of any URL in the text.
 */
export function createLogger({
  name,
  level = 'info',
  format,
  destination,
  facts,
  colour = destination === undefined && hasColours(process.stdout),
}: LoggerOptions): Logger {
  const pretty = (format ?? (process.stdout.isTTY ? 'pretty' : 'json')) === 'pretty'
  const out = destination ?? standardOutput(pretty)
  return pino(
    {
      name,
      level,
      redact: { paths: REDACTED, censor: '[hidden]' },
      serializers: { err: serializeError },
      ...(facts && { mixin: () => facts() ?? {} }),
      hooks: { streamWrite: line => `${printableJson(withoutCredentials(line.trimEnd()))}\n` },
    },
    pretty ? prettyStream(out, colour) : out,
  )
}

/** The pino logger that `createLogger` makes. */
export type { Logger } from 'pino'

const SECRET_NAMES = [
  'password',
  'newPassword',
  'currentPassword',
  'token',
  'accessToken',
  'secret',
  'SESSION_SECRET',
  'REDIS_URL',
  'authorization',
  'Authorization',
  'proxy-authorization',
  'cookie',
  'Cookie',
  'cookies',
  'set-cookie',
  'sessionId',
  'csrfToken',
  '_csrf',
]
const REDACTED = SECRET_NAMES.flatMap(name => ['', '*', '*.*'].map(parent => `${parent}["${name}"]`))

function serializeError(error: unknown): unknown {
  // A plain error is complete without its stack.
  if (error instanceof PlainError) return { type: error.name, message: error.message }
  return error instanceof Error ? stdSerializers.err(error) : error
}

function prettyStream(out: DestinationStream, colour: boolean): DestinationStream {
  return {
    write(line) {
      const record = parseLogLine(line)
      out.write(record === undefined ? line : `${formatLogRecord(record, { colour })}\n`)
    },
  }
}

function standardOutput(pretty: boolean): DestinationStream {
  // pino's own destination bears a closed pipe; process.stdout has to be told.
  if (!pretty) return pino.destination({ dest: 1, sync: true })
  if (!process.stdout.listeners('error').includes(ignoreClosedPipe))
    process.stdout.on('error', ignoreClosedPipe)
  return process.stdout
}

function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error
}
