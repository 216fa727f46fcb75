import { createLogger, hasColours, type Logger } from '@tidings/runtime'
import { LiveLine } from './live-line.ts'

const REFRESH = 500

/** Where a worker speaks: a log, and on a terminal a live line below it. */
export interface WorkerConsole {
  readonly log: Logger
  /** From now on the live line, if there is one, says this; asked twice a second. */
  follow(line: () => string): void
  close(): void
}

/** Opens it on standard output. */
export function openConsole({
  format,
  level,
  facts,
}: {
  format?: 'pretty' | 'json'
  level: string
  /** For each line. */
  facts(): object | undefined
}): WorkerConsole {
  const isPretty = (format ?? (process.stdout.isTTY ? 'pretty' : 'json')) === 'pretty'
  const isLive = isPretty && process.stdout.isTTY && process.env.TERM !== 'dumb' && !process.env.CI
  if (!isLive) {
    const log = createLogger({ name: 'worker', level, facts, format: isPretty ? 'pretty' : 'json' })
    return { log, follow() {}, close() {} }
  }
  const live = new LiveLine(process.stdout)
  let timer: NodeJS.Timeout | undefined
  return {
    log: createLogger({
      name: 'worker',
      level,
      facts,
      format: 'pretty',
      colour: hasColours(process.stdout),
      destination: { write: lines => live.write(lines) },
    }),
    follow(line) {
      live.show(line())
      timer = setInterval(() => live.show(line()), REFRESH).unref()
    },
    close() {
      clearInterval(timer)
      live.show('')
    },
  }
}
