import { type Job, Worker } from 'bullmq'

/** BullMQ's Worker, with two of its edges taken off; it knows when Redis last answered it. */
export class TolerantWorker extends Worker {
  #lastContact = Date.now()

  /** As `Date.now()` tells it. */
  get lastContact(): number {
    return this.#lastContact
  }

  /** Redis has just answered. */
  contacted(): void {
    this.#lastContact = Date.now()
  }

  /**
   * A job whose stored data is broken is taken all the same, without data: so that it can end, and its owner be told, instead
   * of being taken and dropped for ever.
   */
  protected override createJob(...[data, id]: Parameters<Worker['createJob']>): Job {
    try {
      return super.createJob(data, id)
    } catch {
      return super.createJob({ ...data, data: '{}' }, id)
    }
  }

  /** A paused worker takes nothing, also where it was waiting for a job when it was paused: or it would take what it hands back. */
  protected override async moveToActive(...args: Parameters<Worker['moveToActive']>): Promise<Job> {
    // That there is no job is an answer of BullMQ's own, whatever its type says.
    if (this.isPaused()) return undefined as unknown as Job
    const job = await super.moveToActive(...args)
    this.contacted()
    return job
  }
}
