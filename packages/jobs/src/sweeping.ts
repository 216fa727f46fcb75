import type { JobCounters } from './job-counters.ts'
import type { JobQueues } from './job-queues.ts'
import type { Log } from './log.ts'
import { sweep } from './sweep.ts'
import { type SweepReport, summed } from './sweep-report.ts'

/** Looks after what is owed in all queues, again and again. */
export class Sweeping {
  readonly #queues: JobQueues
  readonly #counters: JobCounters
  readonly #timer: NodeJS.Timeout | undefined

  /** @param every ms; 0 for never by itself */
  constructor(queues: JobQueues, counters: JobCounters, every: number, log: Log) {
    this.#queues = queues
    this.#counters = counters
    if (every === 0) return
    this.#timer = setInterval(() => {
      this.once().catch(err => log.warn({ err }, 'what is owed could not be looked after'))
    }, every)
    this.#timer.unref()
  }

  /** @returns what was found; `undefined` where another process is at it. */
  async once(): Promise<SweepReport | undefined> {
    const reports: SweepReport[] = []
    const faults: unknown[] = []
    for (const queue of this.#queues.all) {
      try {
        const report = await sweep(queue)
        if (report) reports.push(report)
      } catch (error) {
        faults.push(error) // the other shards are looked after all the same
      }
    }
    const report = reports.length === 0 ? undefined : summed(reports)
    this.#counters.count('told', report?.told ?? 0)
    this.#counters.count('reminded', report?.reminded ?? 0)
    this.#counters.count('delivered', report?.delivered ?? 0)
    if (faults.length > 0) throw faults[0]
    return report
  }

  end(): void {
    clearInterval(this.#timer)
  }
}
