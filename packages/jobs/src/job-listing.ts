import { z } from 'zod'
import type { Definitions } from './definitions.ts'
import type { FoundJobs } from './found-jobs.ts'
import type { JobQueues } from './job-queues.ts'
import { JobSource } from './job-source.ts'
import { JOB_STATES, type JobState, type JobView } from './job-view.ts'
import { Listed, listedSchema } from './listed.ts'
import { MAX_LISTED } from './retention.ts'

/** Which jobs {@link Jobs.listAll} is to list, and where it is to go on. All of them, where nothing is said. */
export interface JobFilter {
  state?: JobState | undefined
  /** Of the definition. */
  name?: string | undefined
  owner?: string | undefined
  /** Jobs that ended after, or at, this; those that haven't ended count by when they were enqueued. */
  after?: Date | undefined
  /** And before this. */
  before?: Date | undefined
  /** What a page before this one gave as `next`, for the same filter. */
  cursor?: string | undefined
  /** Default 50, up to 200. */
  limit?: number | undefined
}

/** Some of the jobs of all owners. */
export interface JobPage {
  readonly jobs: readonly JobView[]
  /** Where the next page begins; absent on the last one. There may be a next page with nothing on it. */
  readonly next?: string
}

/** The jobs of all owners, a page at a time. */
export class JobListing {
  readonly #queues: JobQueues
  readonly #definitions: Definitions
  readonly #found: FoundJobs

  constructor(queues: JobQueues, definitions: Definitions, found: FoundJobs) {
    this.#queues = queues
    this.#definitions = definitions
    this.#found = found
  }

  /** @throws TypeError for a cursor that isn't one of this filter's. */
  async page(filter: z.output<typeof filterSchema>): Promise<JobPage> {
    return filter.owner === undefined ? this.#ofAll(filter) : this.#ofOwner(filter.owner, filter)
  }

  /** Of an owner there is a list, which is short. */
  async #ofOwner(owner: string, filter: z.output<typeof filterSchema>): Promise<JobPage> {
    const at = filter.cursor === undefined ? 0 : readCursor(z.int().min(0), filter.cursor)
    const all = await this.#found.list({ owner, limit: MAX_LISTED, offset: 0 })
    const jobs = all.filter(job => matches(job, filter))
    const end = at + filter.limit
    return { jobs: jobs.slice(at, end), ...(end < jobs.length && { next: writeCursor(end) }) }
  }

  /** State by state, those that run first, and in each of them newest first. */
  async #ofAll(filter: z.output<typeof filterSchema>): Promise<JobPage> {
    const states = filter.state === undefined ? JOB_STATES : [filter.state]
    const cursor = filter.cursor === undefined ? { state: 0 } : readCursor(cursorSchema, filter.cursor)
    const listed = new Listed(filter.limit, job => matches(job, filter))
    for (let at = cursor.state; at < states.length; at++) {
      const state = states[at]
      if (!state) break
      const sources = this.#queues.all.flatMap(queue => JobSource.of(queue, state, this.#definitions, filter))
      const positions = at === cursor.state ? (cursor.positions ?? []) : []
      const rest = await listed.take(sources, positions)
      if (rest) return { jobs: listed.jobs, next: writeCursor({ state: at, positions: rest }) }
    }
    return { jobs: listed.jobs }
  }
}

const cursorSchema = z.strictObject({ state: z.int().min(0).max(10), positions: listedSchema.optional() })

/** {@link JobFilter}. */
export const filterSchema = z.strictObject({
  state: z.enum(JOB_STATES).optional(),
  name: z.string().max(200).optional(),
  owner: z.string().min(1).max(200).optional(),
  after: z.date().optional(),
  before: z.date().optional(),
  cursor: z.string().max(20_000).optional(),
  limit: z.int().min(1).max(MAX_LISTED).default(50),
})

function matches(job: JobView, { state, name, after, before }: z.output<typeof filterSchema>): boolean {
  const at = job.finishedAt ?? job.createdAt
  return (
    (state === undefined || job.state === state) &&
    (name === undefined || job.name === name) &&
    (after === undefined || at >= after) &&
    (before === undefined || at < before)
  )
}

function writeCursor(position: unknown): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url')
}

function readCursor<T>(schema: z.ZodType<T>, cursor: string): T {
  try {
    return schema.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()))
  } catch {
    throw new TypeError('listAll: expected a cursor that a page of the same filter gave as "next"')
  }
}
