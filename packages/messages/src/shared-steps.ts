import { setImmediate } from 'node:timers'
import type { Cluster, Redis } from 'ioredis'
import { SCRIPTS, Script } from './script.ts'

/** What pages ask of the store, and may ask together. */
export type StepName = 'claim' | 'confirm' | 'release'

// While one call runs, Redis does nothing else: how many steps it has at most, and how many messages their lists may hold.
const MESSAGES = 1000
const STEPS = 10

/**
 * Has the pages that ask in the same turn of the event loop ask by one command: what a command costs in this process it
 * costs by itself, whatever is in it. Only for what is in one shard. In a Cluster each page asks by itself: while a slot is on
 * its way to another node, keys of several owners would be refused together.
 */
export class SharedSteps {
  readonly #redis: Redis | Cluster
  readonly #most: number
  /** By shard. */
  #waiting = new Map<string, Step[]>()

  /** @param cap how many messages a list holds at most */
  constructor(redis: Redis | Cluster, { cap }: { cap: number }) {
    this.#redis = redis
    this.#most = redis.isCluster ? 1 : Math.min(STEPS, Math.max(1, Math.floor(MESSAGES / cap)))
  }

  /**
   * What the script of this name answers, or why it failed: as if it had been asked by itself.
   * @param prefix of the shard in which all keys are
   */
  run(prefix: string, name: StepName, keys: readonly string[], args: Step['args']): Promise<unknown> {
    if (this.#most === 1) return SCRIPTS[name].run(this.#redis, keys, args)
    return new Promise((resolve, reject) => {
      // After all that other sockets have brought in this turn.
      if (this.#waiting.size === 0) setImmediate(() => this.#ask())
      const step = { name, keys, args, resolve, reject }
      const waiting = this.#waiting.get(prefix)
      if (waiting) waiting.push(step)
      else this.#waiting.set(prefix, [step])
    })
  }

  #ask(): void {
    const shards = this.#waiting
    this.#waiting = new Map()
    for (const steps of shards.values()) {
      for (let first = 0; first < steps.length; first += this.#most)
        this.#askFor(steps.slice(first, first + this.#most))
    }
  }

  #askFor(steps: readonly Step[]): void {
    const [only] = steps
    if (only && steps.length === 1) {
      this.#askAlone(only)
      return
    }
    const keys: string[] = []
    const texts: string[] = []
    for (const step of steps) {
      for (const key of step.keys) keys.push(key)
      // One text, for each argument of a command is put together and measured by itself. None of them holds a line feed.
      texts.push(`${step.name}\n${step.keys.length}\n${step.args.join('\n')}\n`)
    }
    TOGETHER.run(this.#redis, keys, texts).then(
      answers => this.#answer(steps, answers),
      error => {
        for (const { reject } of steps) reject(error)
      },
    )
  }

  #answer(steps: readonly Step[], answers: unknown): void {
    const isWhole = Array.isArray(answers) && answers.length === steps.length
    steps.forEach((step, i) => {
      if (!isWhole) step.reject(new Error('Redis gave an answer that is none of the script together'))
      // By itself it gets the server's own words, and whatever the connection does about them. Each step may run twice.
      else if (answers[i] instanceof Error) this.#askAlone(step)
      else step.resolve(answers[i])
    })
  }

  #askAlone({ name, keys, args, resolve, reject }: Step): void {
    SCRIPTS[name].run(this.#redis, keys, args).then(resolve, reject)
  }
}

interface Step {
  readonly name: StepName
  readonly keys: readonly string[]
  readonly args: readonly (string | number)[]
  resolve(answer: unknown): void
  reject(error: unknown): void
}

function asFunction(name: StepName): string {
  return `local function ${name}(KEYS, ARGV)\n${SCRIPTS[name].text}\nend\n`
}

const TOGETHER = new Script('together', asFunction('claim') + asFunction('confirm') + asFunction('release'))
