import { z } from 'zod'
import type { Definitions } from './definitions.ts'
import type { JobQueue } from './job-queue.ts'
import { type JobState, type JobView, jobView } from './job-view.ts'

/** How far a source has been read: the score of the last job, and how many of that score were read; of a list the latter alone. */
export const positionSchema = z.strictObject({ score: z.number().optional(), skip: z.int().min(0) })

export type Position = z.output<typeof positionSchema>

/** A job that a source gave, and where to go on behind it. */
export interface SourcedJob {
  /** `undefined` where it has gone meanwhile, or isn't ours. */
  readonly view: JobView | undefined
  /** Newer ones come first. */
  readonly at: number
  readonly behind: Position
}

// The lists and sorted sets in which BullMQ keeps the jobs of each state, and the word with which it says so.
const PLACES: Readonly<Record<JobState, readonly { key: string; isList: boolean; state: string }[]>> = {
  active: [{ key: 'active', isList: true, state: 'active' }],
  waiting: [
    { key: 'wait', isList: true, state: 'waiting' },
    { key: 'paused', isList: true, state: 'waiting' },
    { key: 'prioritized', isList: false, state: 'prioritized' },
  ],
  delayed: [{ key: 'delayed', isList: false, state: 'delayed' }],
  failed: [{ key: 'failed', isList: false, state: 'failed' }],
  completed: [{ key: 'completed', isList: false, state: 'completed' }],
}

/** One place of one queue in which jobs of a state are, read newest first. */
export class JobSource {
  readonly #jobs: JobQueue
  readonly #place: { key: string; isList: boolean; state: string }
  readonly #definitions: Definitions
  /** Of the scores. */
  readonly #from: string
  readonly #to: string

  /** The sources of a state. Where they are in the order of time, no job is read that ended too early or too late. */
  static of(
    jobs: JobQueue,
    state: JobState,
    definitions: Definitions,
    { after, before }: { after?: Date | undefined; before?: Date | undefined },
  ): JobSource[] {
    const hasEnded = state === 'completed' || state === 'failed'
    const from = hasEnded && after ? String(after.getTime()) : '-inf'
    const to = hasEnded && before ? `(${before.getTime()}` : '+inf'
    return PLACES[state].map(place => new JobSource(jobs, place, definitions, from, to))
  }

  private constructor(
    jobs: JobQueue,
    place: { key: string; isList: boolean; state: string },
    definitions: Definitions,
    from: string,
    to: string,
  ) {
    this.#jobs = jobs
    this.#place = place
    this.#definitions = definitions
    this.#from = from
    this.#to = to
  }

  /** The next so many jobs behind a position. What came in meanwhile isn't among them. */
  async read(position: Position, count: number): Promise<SourcedJob[]> {
    const found = await this.#ids(position, count)
    return Promise.all(
      found.map(async ({ id, behind }) => {
        const job = await this.#jobs.read(id)
        const view = job && jobView(job, this.#place.state, undefined, this.#definitions.get(job.name))
        return { view, at: job?.finishedOn ?? job?.timestamp ?? Number.POSITIVE_INFINITY, behind }
      }),
    )
  }

  async #ids({ score, skip }: Position, count: number): Promise<{ id: string; behind: Position }[]> {
    const { redis } = this.#jobs.options
    const key = this.#jobs.key(this.#place.key)
    if (this.#place.isList) {
      const ids = await redis.lrange(key, skip, skip + count - 1)
      return ids.map((id, i) => ({ id, behind: { skip: skip + i + 1 } }))
    }
    const to = score === undefined ? this.#to : score
    const reply = await redis.zrevrangebyscore(key, to, this.#from, 'WITHSCORES', 'LIMIT', skip, count)
    const found: { id: string; behind: Position }[] = []
    let last: Position = { ...(score !== undefined && { score }), skip }
    for (let i = 0; i < reply.length; i += 2) {
      const at = Number(reply[i + 1])
      last = { score: at, skip: last.score === at ? last.skip + 1 : 1 }
      found.push({ id: reply[i] ?? '', behind: last })
    }
    return found
  }
}
