import type { LogRecord } from '../log-line.ts'
import { type Backoff, Child, type ChildSpec } from './child.ts'
import { deferred } from './deferred.ts'
import { labelled } from './output.ts'

/** Options of `supervise`. */
export interface SuperviseOptions {
  /** The processes to run. */
  children: readonly ChildSpec[]
  /** Called once, when each child has said that it is ready, with the record by which it did. */
  whenReady?: (records: ReadonlyMap<string, LogRecord>) => void | Promise<void>
  /** Called when the children are gone, whatever happened. */
  release?: () => Promise<void>
  /** Waits before a child is started again. */
  backoff?: Partial<Backoff>
  /** Milliseconds that the children may take to become ready; 60000 by default. */
  readyLimit?: number
  /** Milliseconds that the children may take to stop before they are killed; 35000 by default. */
  stopLimit?: number
  /** Where lines go; standard output by default. */
  print?: (text: string) => void
  /** What asks the supervisor to stop. */
  stop: StopRequests
}

/** Where requests to stop come from: see `stopRequests`. */
export interface StopRequests {
  /** Fulfilled by the first request. */
  readonly first: Promise<NodeJS.Signals>
  /** Fulfilled by a request at least 500 ms after the first. */
  readonly second: Promise<NodeJS.Signals>
}

/**
 * Runs processes until it is asked to stop. A child that dies after it was ready is started again, after a second and
 * then with back-off, and that is said in words. A child that dies before it was ever ready ends everything.
 *
 * @returns the exit code: 0 after a stop in order, 1 when a child could not start, 130 or 143 after a second signal
 */
export async function supervise(options: SuperviseOptions): Promise<number> {
  const { stop, stopLimit = 35_000, readyLimit = 60_000, release = async () => {} } = options
  const print = options.print ?? printLine
  const backoff = { first: 1_000, longest: 30_000, reset: 60_000, ...options.backoff }
  const failure = deferred<string>()
  const records = new Map<string, LogRecord>()
  const children = options.children.map(spec => newChild(spec))
  const width = Math.max(...children.map(child => child.name.length))

  const late = setTimeout(() => {
    const missing = children.filter(child => !records.has(child.name)).map(child => child.name)
    failure.resolve(`Not ready within ${readyLimit / 1_000} s: ${missing.join(', ')}.`)
  }, readyLimit)
  for (const child of children) child.start()

  const failed = await Promise.race([failure.promise, stop.first.then(() => undefined)])
  clearTimeout(late)
  if (failed === undefined) print('Stopping…')
  else print(`${failed} Stopping everything.`)
  const inOrder = Promise.all(children.map(child => child.stop())).then(() => undefined)
  const limit = timeLimit(stopLimit)
  const hurry = await Promise.race([inOrder, stop.second, limit.over])
  limit.clear()
  for (const child of children) child.kill()
  if (hurry === 'late') print(`Not everything stopped within ${stopLimit / 1_000} s; the rest was killed.`)
  const releaseLimit = timeLimit(hurry === undefined ? 20_000 : 2_000)
  await Promise.race([release(), releaseLimit.over])
  releaseLimit.clear()
  if (hurry !== undefined && hurry !== 'late') return hurry === 'SIGINT' ? 130 : 143
  return failed === undefined ? 0 : 1

  function newChild(spec: ChildSpec): Child {
    const { called = spec.name } = spec
    return new Child(spec, backoff, {
      line: text => print(labelled(spec.name, width, text)),
      ready(record, again) {
        if (again) return print(`The ${called} is running again.`)
        records.set(spec.name, record)
        if (records.size < options.children.length) return
        clearTimeout(late)
        Promise.resolve(options.whenReady?.(records)).catch(error =>
          failure.resolve(error instanceof Error ? error.message : String(error)),
        )
      },
      restarting: (how, wait) => print(`The ${called} ${how}; starting it again in ${wait / 1_000} s.`),
      failed: how => failure.resolve(`The ${called} ${how} before it was ready; its last words are above.`),
    })
  }
}

/**
 * Listens for SIGINT, SIGTERM and SIGHUP. A terminal sends Ctrl-C to npm and to us, and npm passes it on: what comes
 * within 500 ms counts as one request.
 */
export function stopRequests(): StopRequests & { request(signal: NodeJS.Signals): void } {
  const first = deferred<NodeJS.Signals>()
  const second = deferred<NodeJS.Signals>()
  let since: number | undefined
  const request = (signal: NodeJS.Signals) => {
    since ??= Date.now()
    first.resolve(signal)
    if (Date.now() - since >= 500) second.resolve(signal)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, request)
  return { first: first.promise, second: second.promise, request }
}

/** Prints a line on standard output; quiet when nobody reads it any more. */
export function printLine(text: string): void {
  if (!process.stdout.listeners('error').includes(ignore)) process.stdout.on('error', ignore)
  process.stdout.write(`${text}\n`)
}

function ignore(): void {}

function timeLimit(limit: number): { over: Promise<'late'>; clear(): void } {
  const { promise, resolve } = deferred<'late'>()
  const timer = setTimeout(() => resolve('late'), limit)
  return { over: promise, clear: () => clearTimeout(timer) }
}
