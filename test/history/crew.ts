import { setTimeout as pause } from 'node:timers/promises'
import { start, type TidingsProcess } from '../process.ts'
import type { Random } from './random.ts'

/** What a crew is given. */
export interface CrewOptions {
  /** How many workers there are at any time. */
  readonly size: number
  /** The worker's script. */
  readonly script?: string
  readonly env: Readonly<Record<string, string>>
  readonly random: Random
}

const READY_LIMIT = 30_000

/** Worker processes, each of which is replaced when it dies. */
export class Crew {
  readonly #options: CrewOptions
  readonly #workers = new Set<TidingsProcess>()
  readonly #paused = new Set<TidingsProcess>()
  #isOver = false
  #started = 0
  #stderr = ''
  /** Workers that died, whoever killed them. */
  deaths = 0
  /** Workers that were stopped and woken. */
  pauses = 0

  constructor(options: CrewOptions) {
    this.#options = options
    for (let i = 0; i < options.size; i++) this.#hire()
  }

  /** Kills one of those that work, as soon as there is one. */
  async kill(): Promise<void> {
    const worker = await this.#any()
    worker.child.kill('SIGKILL')
  }

  /** Stops one, and wakes it when the time is over. */
  async pause(ms: number): Promise<void> {
    const worker = await this.#any()
    this.#paused.add(worker)
    worker.child.kill('SIGSTOP')
    this.pauses++
    await pause(ms)
    worker.child.kill('SIGCONT')
    this.#paused.delete(worker)
  }

  /** Ends them all. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    this.#isOver = true
    await Promise.all([...this.#workers].map(worker => worker.end(signal)))
  }

  /** One that takes jobs. There may be none at this moment: all have just been killed. */
  async #any(): Promise<TidingsProcess> {
    for (const deadline = Date.now() + READY_LIMIT; Date.now() < deadline; ) {
      const working = [...this.#workers].filter(
        worker => worker.log.some(({ ready }) => ready === true) && !this.#paused.has(worker),
      )
      const chosen = working[this.#options.random.whole(0, working.length - 1)]
      if (chosen) return chosen
      await pause(20)
    }
    throw new Error(
      `No worker has been ready for ${READY_LIMIT} ms. The last that ended by itself said:\n${this.#stderr}`,
    )
  }

  #hire(): void {
    const { script = 'test/history/worker.mjs', env, random } = this.#options
    const SEED = String(random.seed + ++this.#started)
    const worker = start([script], { ...env, SEED })
    this.#workers.add(worker)
    void worker.ended.then(({ signal }) => {
      this.#workers.delete(worker)
      if (signal === 'SIGKILL') this.deaths++
      else this.#stderr = worker.stderr()
      if (!this.#isOver) this.#hire()
    })
  }
}
