import { z } from 'zod'
import { type JobSource, type Position, positionSchema, type SourcedJob } from './job-source.ts'
import type { JobView } from './job-view.ts'

/** Where each of the sources of a state was left. */
export const listedSchema = z.array(positionSchema).max(1000)

// A filter that nothing matches must not read all that is stored.
const MAX_LOOKED_AT = 1000
const AT_ONCE = 50

/** Gathers the jobs of a page from several sources, newest first. */
export class Listed {
  readonly jobs: JobView[] = []
  readonly #limit: number
  readonly #isMeant: (job: JobView) => boolean
  readonly #known = new Set<string>()
  #lookedAt = 0

  constructor(limit: number, isMeant: (job: JobView) => boolean) {
    this.#limit = limit
    this.#isMeant = isMeant
  }

  /**
   * Takes from these sources, each behind its position, until the page is full or enough was looked at.
   * @returns where to go on; `undefined` where the sources are empty.
   * @throws TypeError for positions that belong to other sources.
   */
  async take(sources: readonly JobSource[], positions: readonly Position[]): Promise<Position[] | undefined> {
    if (positions.length > 0 && positions.length !== sources.length)
      throw new TypeError('listAll: expected a cursor that was given with the same number of shards')
    const heads = sources.map((source, i) => new Head(source, positions[i] ?? { skip: 0 }))
    for (;;) {
      await Promise.all(heads.map(head => head.fill(Math.min(this.#limit, AT_ONCE))))
      const head = newest(heads)
      if (!head) return undefined
      if (this.jobs.length >= this.#limit || this.#lookedAt >= MAX_LOOKED_AT)
        return heads.map(({ position }) => position)
      this.#look(head.next()?.view)
    }
  }

  #look(job: JobView | undefined): void {
    this.#lookedAt++
    // A job may move from one place to another while they are read.
    if (!job || this.#known.has(job.id) || !this.#isMeant(job)) return
    this.#known.add(job.id)
    this.jobs.push(job)
  }
}

/** A source, and what was read of it ahead. */
class Head {
  position: Position
  readonly #source: JobSource
  #ahead: SourcedJob[] = []
  #isEmpty = false

  constructor(source: JobSource, position: Position) {
    this.#source = source
    this.position = position
  }

  get first(): SourcedJob | undefined {
    return this.#ahead[0]
  }

  async fill(count: number): Promise<void> {
    if (this.#ahead.length > 0 || this.#isEmpty) return
    this.#ahead = await this.#source.read(this.position, count)
    this.#isEmpty = this.#ahead.length < count
  }

  next(): SourcedJob | undefined {
    const first = this.#ahead.shift()
    if (first) this.position = first.behind
    return first
  }
}

function newest(heads: readonly Head[]): Head | undefined {
  let best: Head | undefined
  for (const head of heads) if (head.first && (!best?.first || head.first.at > best.first.at)) best = head
  return best
}
