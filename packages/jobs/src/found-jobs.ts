import type { Job } from 'bullmq'
import { z } from 'zod'
import type { Definitions } from './definitions.ts'
import { CANCELLED } from './failed-reason.ts'
import { isJobId } from './job-id.ts'
import { jobPlace } from './job-place.ts'
import type { JobQueue } from './job-queue.ts'
import type { JobQueues } from './job-queues.ts'
import { type JobView, jobView } from './job-view.ts'
import type { CheckedList } from './list-options.ts'
import { OwnScript } from './script.ts'

/** A job as it was found. */
export interface FoundJob {
  readonly queue: JobQueue
  readonly job: Job
  readonly view: JobView
}

const LIST = new OwnScript('list')
const idsReply = z.array(z.string())

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

  /** The same, with its place in the queue while it waits. */
  async findInPlace(id: string, owner: string | undefined): Promise<JobView | undefined> {
    const found = await this.find(id, owner)
    if (found?.view.state !== 'waiting') return found?.view
    const place = await jobPlace(found.queue, id)
    return place ? { ...found.view, place } : found.view
  }

  /** The owner's latest jobs, newest first. */
  async list({ owner, limit, offset, name = '', state }: CheckedList): Promise<JobView[]> {
    const key = this.#queues.ownedKey(owner)
    const ids = idsReply.parse(
      await this.#queues.of(owner).run(LIST, [key], [offset, limit, name, state ?? '', CANCELLED]),
    )
    const found = await Promise.all(ids.map(id => this.find(id, owner)))
    return found.flatMap(job => (job ? [job.view] : []))
  }
}
