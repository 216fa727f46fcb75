import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { JobContext } from './job-context.ts'
import { JobFailure } from './job-failure.ts'
import { JobStopped } from './job-stopped.ts'
import type { Log } from './log.ts'
import { loggable } from './odd-error.ts'
import { partial } from './partial-result.ts'
import type { FromChild, ThrownError, ToChild } from './sandbox-protocol.ts'
import { GRACE } from './stopping.ts'

// Compiled, also where this file is not: a child is plain Node.
const CHILD = fileURLToPath(new URL('../dist/sandbox-child.js', import.meta.url))

/** One child process that runs one job at a time. */
export class Sandbox {
  readonly #child: ChildProcess
  readonly #exit: Promise<string>
  /** Of the job that ran last, while none runs. */
  #lastLog: Log | undefined
  #isAlive = true
  #isSpent = false

  /** @param module whose default export does the work */
  constructor(module: URL) {
    this.#child = fork(CHILD, [module.href, String(process.pid)], {
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      execArgv: process.execArgv.filter(argument => !argument.startsWith('--inspect')),
    })
    this.#exit = new Promise(resolve => {
      const end = (how: string) => {
        this.#isAlive = false
        resolve(how)
      }
      this.#child.on('error', error => end(`it could not be started or reached: ${error.message}`))
      this.#child.on('exit', (code, signal) => end(signal ? `signal ${signal}` : `exit code ${code}`))
      // A job that closes the line can't be heard any more.
      this.#child.on('disconnect', () => this.#child.kill('SIGKILL'))
    })
    this.#child.on('message', message => this.#hearBetweenJobs(message as FromChild))
  }

  /** Whether it can run another job. */
  get isFit(): boolean {
    return this.#isAlive && !this.#isSpent && this.#child.connected
  }

  /** Runs a job. The child is ended where it goes on for a second after the job's signal has fired. */
  async run(context: JobContext<unknown>): Promise<unknown> {
    const { signal, log } = context
    this.#lastLog = undefined
    this.#child.ref()
    this.#child.channel?.ref()
    let kill: NodeJS.Timeout | undefined
    const stop = () => {
      const { code, message: text } = stopOf(signal)
      this.#send({ type: 'stop', code, text })
      kill = setTimeout(() => this.#child.kill('SIGKILL'), GRACE)
    }
    const heard = new AbortController()
    try {
      const ended = this.#listen(context, heard.signal)
      const { input, owner, jobId, attempt, attempts } = context
      this.#send({ type: 'run', facts: { input, owner, jobId, attempt, attempts } })
      if (signal.aborted) stop()
      else signal.addEventListener('abort', stop, { once: true })
      const died = this.#exit.then(how => Promise.reject(new Error(`Unexpected exit of the sandbox: ${how}`)))
      return await Promise.race([ended, died])
    } finally {
      clearTimeout(kill)
      signal.removeEventListener('abort', stop)
      heard.abort()
      this.#lastLog = log
      // An idle child doesn't keep its worker's process alive.
      this.#child.unref()
      this.#child.channel?.unref()
    }
  }

  /** Ends the child at once. */
  async kill(): Promise<void> {
    if (!this.#isAlive) return
    this.#child.kill('SIGKILL')
    this.#child.ref()
    await this.#exit
  }

  #send(message: ToChild): void {
    // What can't be sent to a child that is gone is told by its exit.
    if (this.#child.connected) this.#child.send(message, () => {})
  }

  /** What a job left behind, such as a timer, may fail when the job is over. */
  #hearBetweenJobs(told: FromChild): void {
    if (!this.#lastLog || told.type !== 'threw' || !told.isLast) return
    this.#isSpent = true
    this.#lastLog.error({ err: loggable(revived(told.error)) }, 'a sandbox failed after its job had ended')
  }

  #listen({ progress, log }: JobContext<unknown>, until: AbortSignal): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const hear = (message: unknown) => {
        const told = message as FromChild
        switch (told.type) {
          case 'progress':
            return void progress(told.how, told.text)
          case 'log':
            return log[told.level](told.facts, told.text)
          case 'returned':
            return resolve(told.isPartial ? partial(told.result) : told.result)
          case 'threw':
            this.#isSpent = told.isLast === true
            return reject(revived(told.error))
        }
      }
      this.#child.on('message', hear)
      until.addEventListener('abort', () => this.#child.off('message', hear), { once: true })
    })
  }
}

function stopOf({ reason }: AbortSignal): JobStopped {
  return reason instanceof JobStopped ? reason : new JobStopped('shutdown', 'It was interrupted.')
}

function revived({ name, message, stack, failure }: ThrownError): Error {
  const error = failure ? new JobFailure(failure.text, { retry: failure.retry }) : new Error(message)
  if (!failure) Object.defineProperty(error, 'name', { value: name })
  error.stack = stack
  return error
}
