// A child process of a worker: runs the jobs of one module, one at a time, as it is told over its line to the worker.
import { Worker } from 'node:worker_threads'
import type { JobContext } from './job-context.ts'
import { readJobFailure } from './job-failure.ts'
import { JobStopped } from './job-stopped.ts'
import type { Log } from './log.ts'
import { loggable } from './odd-error.ts'
import { isPartial } from './partial-result.ts'
import type { FromChild, LogLevel, ToChild } from './sandbox-protocol.ts'

// A terminal's Ctrl-C and a supervisor's signal reach the whole group. The worker decides when its children end.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => {})
process.on('disconnect', () => process.exit(1))
process.on('uncaughtException', error => {
  // The worker logs it. Nobody else would where it hears nothing any more.
  if (!process.connected) console.error(error)
  void tell({ type: 'threw', error: thrown(error), isLast: true }).finally(() => process.exit(1))
})
endWithParent()

let stop = new AbortController()

process.on('message', (message: ToChild) => {
  if (message.type === 'stop') return stop.abort(new JobStopped(message.code, message.text))
  stop = new AbortController()
  void run(message.facts, stop.signal)
})

async function run(
  facts: Pick<JobContext<unknown>, 'input' | 'owner' | 'jobId' | 'attempt' | 'attempts'>,
  signal: AbortSignal,
): Promise<void> {
  try {
    const work = await processor()
    const returned = await work({
      ...facts,
      signal,
      log: remoteLog({}),
      progress: (how, text) => tell({ type: 'progress', how, text }),
    })
    const result = isPartial(returned) ? returned.result : returned
    await tell({ type: 'returned', isPartial: isPartial(returned), result })
  } catch (error) {
    await tell({ type: 'threw', error: thrown(error) })
  }
}

async function processor(): Promise<(context: JobContext<unknown>) => unknown> {
  const module: unknown = await import(String(process.argv[2]))
  const found =
    typeof module === 'object' && module !== null && 'default' in module ? module.default : undefined
  if (typeof found === 'function') return found as (context: JobContext<unknown>) => unknown
  throw new TypeError(
    `expected the default export of ${process.argv[2]} to be a function; got ${typeof found}`,
  )
}

/** Rejects where the message can't be copied into another process. */
function tell(message: FromChild): Promise<void> {
  return new Promise((resolve, reject) => {
    if (!process.connected || !process.send) return resolve()
    process.send(message, undefined, undefined, error => (error ? reject(error) : resolve()))
  })
}

function thrown(error: unknown) {
  const { name, message, stack = '' } = loggable(error)
  return { name, message, stack, failure: readJobFailure(error) }
}

function remoteLog(bound: Record<string, unknown>): Log {
  const line = (level: LogLevel) => (facts: object, text: string) => {
    tell({ type: 'log', level, facts: { ...bound, ...copy(facts) }, text: String(text) }).catch(() => {})
  }
  return {
    debug: line('debug'),
    info: line('info'),
    warn: line('warn'),
    error: line('error'),
    child: facts => remoteLog({ ...bound, ...copy(facts) }),
  }
}

/** What can't be copied into another process isn't logged. */
function copy(facts: object): object {
  const entries = Object.entries(facts).map(([key, value]) => {
    if (value instanceof Error) return [key, loggable(value)]
    try {
      return [key, structuredClone(value)]
    } catch {
      return [key, typeof value]
    }
  })
  return Object.fromEntries(entries)
}

/** A job that blocks this process can't hear that the worker is gone: a thread beside it looks. */
function endWithParent(): void {
  const watch = `
    const { workerData: parent } = require('node:worker_threads')
    setInterval(() => process.ppid === parent || process.kill(process.pid, 'SIGKILL'), 1000)`
  new Worker(watch, { eval: true, execArgv: [], workerData: Number(process.argv[3]) }).unref()
}
