import { setImmediate } from 'node:timers'
import type { Argument } from './script-command.ts'

/** Runs a script with its keys and arguments. */
export type Send = (args: readonly Argument[]) => Promise<unknown>

/** What is sent for several calls, and how. */
export interface SharedCallsOptions {
  /** How many keys each call has. */
  readonly numberOfKeys: number
  /** Sends a call by itself. */
  readonly alone: Send
  /** Sends several, as together.lua takes them. */
  readonly together: Send
}

// While one command runs, Redis does nothing else.
const CALLS = 10

/**
 * Has the calls of a script that are made in one turn of the event loop go out as one command: what a command costs in this
 * process, and in Redis, it costs whatever is in it. Each call is still a step of its own, which succeeds or fails by itself.
 */
export class SharedCalls {
  readonly #options: SharedCallsOptions
  #waiting: Call[] = []

  constructor(options: SharedCallsOptions) {
    this.#options = options
  }

  /** What the script answers, or why it failed: as if it had been sent by itself. */
  run(args: readonly Argument[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      // After all that the sockets have brought in this turn.
      if (this.#waiting.length === 0) setImmediate(() => this.#send())
      this.#waiting.push({ args, resolve, reject })
    })
  }

  #send(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (let first = 0; first < waiting.length; first += CALLS)
      this.#sendSome(waiting.slice(first, first + CALLS))
  }

  #sendSome(calls: readonly Call[]): void {
    const { alone, together, numberOfKeys } = this.#options
    const [only] = calls
    if (only && calls.length === 1) {
      alone(only.args).then(only.resolve, only.reject)
      return
    }
    together(joined(calls, numberOfKeys)).then(
      answers => answer(calls, answers),
      error => {
        for (const { reject } of calls) reject(error)
      },
    )
  }
}

interface Call {
  readonly args: readonly Argument[]
  resolve(answer: unknown): void
  reject(error: unknown): void
}

/** The keys of the first call, and what together.lua takes of each. */
function joined(calls: readonly Call[], numberOfKeys: number): Argument[] {
  const all: Argument[] = (calls[0]?.args ?? []).slice(0, numberOfKeys)
  let before = all.slice()
  for (const { args } of calls) {
    const others: Argument[] = []
    for (let i = 0; i < numberOfKeys; i++) if (args[i] !== before[i]) others.push(i + 1, args[i])
    all.push(others.length / 2, ...others, args.length - numberOfKeys)
    for (let i = numberOfKeys; i < args.length; i++) all.push(args[i])
    before = args as Argument[]
  }
  return all
}

function answer(calls: readonly Call[], answers: unknown): void {
  const isWhole = Array.isArray(answers) && answers.length === calls.length
  calls.forEach(({ resolve, reject }, i) => {
    if (!isWhole) reject(new Error('Redis gave an answer that is none of the script together'))
    else if (answers[i] instanceof Error) reject(answers[i])
    else resolve(answers[i])
  })
}
