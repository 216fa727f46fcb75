import type { Job } from 'bullmq'
import type { Definitions } from './definitions.ts'
import { isJobId } from './job-id.ts'
import type { JobQueue } from './job-queue.ts'
import type { JobQueues } from './job-queues.ts'
import { type JobView, jobView } from './job-view.ts'
import { MAX_LISTED } from './retention.ts'

/** A job as it was found. */
export interface FoundJob {
  readonly queue: JobQueue
  readonly job: Job
  readonly view: JobView
}

/** Looks jobs up, for those who may see them. */
export class FoundJobs {
  readonly #queues: JobQueues
  readonly #definitions: Definitions

  constructor(queues: JobQueues, definitions: Definitions) {
    this.#queues = queues
    this.#definitions = definitions
  }

  /** A job of this owner; `undefined` where there is none, or it is somebody else's. Without an owner, anybody's. */
  async find(id: string, owner: string | undefined): Promise<FoundJob | undefined> {
    if (!isJobId(id)) return undefined
    for (const queue of owner === undefined ? this.#queues.all : [this.#queues.of(owner)]) {
      // In this order: a job that ends in between is shown as running with its result, never as ended without one.
      const state = await queue.queue.getJobState(id)
      const job = await queue.read(id)
      const view = job && jobView(job, state, owner, this.#definitions.get(job.name))
      if (view) return { queue, job, view }
    }
    return undefined
  }

  /** The owner's latest jobs, newest first. */
  async list(owner: string, limit: number): Promise<JobView[]> {
    const { redis } = this.#queues.of(owner).options
    const ids = await redis.zrevrange(this.#queues.ownedKey(owner), 0, Math.min(limit, MAX_LISTED) - 1)
    const found = await Promise.all(ids.map(id => this.find(id, owner)))
    return found.flatMap(job => (job ? [job.view] : []))
  }
}
