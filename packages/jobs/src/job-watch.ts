import type { JobQueue } from './job-queue.ts'
import type { Log } from './log.ts'

const LOOK_EVERY = 500
// One round trip's worth.
const AT_ONCE = 500

/** What BullMQ writes whenever a job begins, goes on, fails, is put off, stalls, or ends. */
const STAMP = ['processedOn', 'finishedOn', 'progress', 'delay', 'atm', 'ats', 'stc'] as const

interface Watched {
  readonly queue: JobQueue
  readonly id: string
  readonly followers: Set<() => void>
  stamp: string | undefined
}

/**
 * Looks after the jobs that are followed in this process: twice a second, in a round trip for 500 of them, however many follow
 * the same one. While there are none, it rests.
 */
export class JobWatch {
  readonly #log: Log
  readonly #watched = new Map<string, Watched>()
  #timer: NodeJS.Timeout | undefined
  #isLooking = false

  constructor(log: Log) {
    this.#log = log
  }

  /**
   * Calls back whenever a job may have changed, the first time when it has been looked at once.
   * @returns what ends it
   */
  follow(queue: JobQueue, id: string, changed: () => void): () => void {
    const key = queue.key(id)
    const watched = this.#watched.get(key) ?? { queue, id, followers: new Set(), stamp: undefined }
    watched.stamp = undefined
    this.#watched.set(key, watched)
    watched.followers.add(changed)
    this.#plan()
    return () => {
      watched.followers.delete(changed)
      if (watched.followers.size === 0 && this.#watched.get(key) === watched) this.#watched.delete(key)
    }
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#watched.clear()
  }

  #plan(): void {
    if (this.#timer || this.#isLooking || this.#watched.size === 0) return
    this.#timer = setTimeout(() => void this.#look(), LOOK_EVERY)
    this.#timer.unref()
  }

  async #look(): Promise<void> {
    this.#timer = undefined
    this.#isLooking = true
    try {
      for (const some of inRoundTrips([...this.#watched.values()])) await this.#lookAt(some)
    } catch (err) {
      this.#log.debug({ err }, 'jobs that are followed could not be looked at')
    }
    this.#isLooking = false
    this.#plan()
  }

  async #lookAt(some: readonly Watched[]): Promise<void> {
    const [first] = some
    if (!first) return
    const pipeline = first.queue.options.redis.pipeline()
    for (const { queue, id } of some) pipeline.hmget(queue.key(id), ...STAMP)
    const replies = (await pipeline.exec()) ?? []
    some.forEach((watched, i) => {
      const [error, values] = replies[i] ?? [new Error('no answer')]
      if (error) return
      const stamp = JSON.stringify(values)
      if (stamp === watched.stamp) return
      watched.stamp = stamp
      for (const changed of [...watched.followers]) changed()
    })
  }
}

/** Those of one queue together: a cluster's pipeline must stay within a slot. */
function* inRoundTrips(all: readonly Watched[]): Generator<Watched[]> {
  for (const jobs of new Set(all.map(({ queue }) => queue))) {
    const own = all.filter(({ queue }) => queue === jobs)
    for (let i = 0; i < own.length; i += AT_ONCE) yield own.slice(i, i + AT_ONCE)
  }
}
