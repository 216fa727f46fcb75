import { type ChildProcess, spawn } from 'node:child_process'
import type { LogRecord } from '../log-line.ts'
import { eachLine, readableLine } from './output.ts'

/** A process that the supervisor runs. */
export interface ChildSpec {
  /** Its name in the log and in sentences: 'The worker was killed.' */
  name: string
  /** What sentences call it; its name by default. */
  called?: string
  /** The program and its arguments. */
  command: readonly [string, ...string[]]
  /** What is added to its environment. */
  env?: NodeJS.ProcessEnv
  /** Whether a record of its log says that it is ready. */
  isReady(record: LogRecord): boolean
  /** Records below this level (pino's number) are read and not printed; 0 by default. */
  hideBelow?: number
}

/** How long the supervisor waits before it starts a child again, in milliseconds. */
export interface Backoff {
  /** The first wait; each further one is twice as long. 1000 by default. */
  first: number
  /** The longest wait. 30000 by default. */
  longest: number
  /** After a life of this length the wait is the first one again. 60000 by default. */
  reset: number
}

/** What a child tells its supervisor. */
export interface ChildEvents {
  /** A line to print. */
  line(text: string): void
  /** It is ready; `again` when it was so before and has been started anew. */
  ready(record: LogRecord, again: boolean): void
  /** It ended and is started again after `wait` ms. */
  restarting(how: string, wait: number): void
  /** It ended before it was ever ready, and is not started again. */
  failed(how: string): void
}

/** One supervised process: started, started again with back-off once it was ready, and stopped. */
export class Child {
  readonly name: string
  readonly #spec: ChildSpec
  readonly #backoff: Backoff
  readonly #events: ChildEvents
  #process: ChildProcess | undefined
  #gone: Promise<void> = Promise.resolve()
  #again: NodeJS.Timeout | undefined
  #wait: number
  #wasReady = false
  #stopping = false

  constructor(spec: ChildSpec, backoff: Backoff, events: ChildEvents) {
    this.name = spec.name
    this.#spec = spec
    this.#backoff = backoff
    this.#events = events
    this.#wait = backoff.first
  }

  /** Starts the process, in a process group of its own: a terminal's Ctrl-C reaches the supervisor alone. */
  start(): void {
    const [file, ...args] = this.#spec.command
    const started = Date.now()
    const child = spawn(file, args, {
      detached: process.platform !== 'win32',
      env: { ...process.env, ...this.#spec.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#process = child
    let readyNow = false
    const tell = (line: string) => {
      const { text, record } = readableLine(line)
      if (record === undefined || Number(record.level) >= (this.#spec.hideBelow ?? 0)) this.#events.line(text)
      if (readyNow || record === undefined || !this.#spec.isReady(record)) return
      readyNow = true
      const again = this.#wasReady
      this.#wasReady = true
      this.#events.ready(record, again)
    }
    eachLine(child.stdout, tell)
    eachLine(child.stderr, tell)
    this.#gone = gone(child).then(how => this.#ended(how, Date.now() - started))
  }

  /** Asks the process to stop (SIGTERM, once) and waits until it is gone. */
  async stop(): Promise<void> {
    if (!this.#stopping) {
      this.#stopping = true
      clearTimeout(this.#again)
      this.#process?.kill('SIGTERM')
    }
    await this.#gone
  }

  /** Kills the process and everything in its group at once. */
  kill(): void {
    this.#stopping = true
    clearTimeout(this.#again)
    const child = this.#process
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
    try {
      process.kill(process.platform === 'win32' ? child.pid : -child.pid, 'SIGKILL')
    } catch {
      child.kill('SIGKILL')
    }
  }

  #ended(how: string, life: number): void {
    if (this.#stopping) return
    if (!this.#wasReady) {
      this.#events.failed(how)
      return
    }
    if (life >= this.#backoff.reset) this.#wait = this.#backoff.first
    const wait = this.#wait
    this.#wait = Math.min(wait * 2, this.#backoff.longest)
    this.#again = setTimeout(() => this.start(), wait)
    this.#events.restarting(how, wait)
  }
}

/** Waits until the process has ended and its last words were read; says in words how it ended. */
function gone(child: ChildProcess): Promise<string> {
  return new Promise(resolve => {
    child.once('error', error => resolve(`could not be started (${error.message})`))
    child.once('exit', (code, signal) => {
      const how =
        signal !== null ? `was killed (${signal})` : code === 0 ? 'ended' : `ended with exit code ${code}`
      child.once('close', () => resolve(how))
      // A grandchild that lives on may keep the pipes open.
      setTimeout(() => resolve(how), 500).unref()
    })
  })
}
