import { setTimeout as pause } from 'node:timers/promises'
import { type Job, Worker } from 'bullmq'
import { letGo } from './let-go.ts'

// How long a worker that is held waits before it looks again, ms.
const HOLD = 100

/** BullMQ's Worker, with some of its edges taken off; it knows when Redis last answered it. */
export class TolerantWorker extends Worker {
  #lastContact = Date.now()
  #holding = 0
  #unended = 0
  readonly #ended = () => void this.#unended--
  readonly #inQueue = letGo(this)
  /** While this says so, no job is fetched. */
  isHeld: () => boolean = () => false
  /** Told of each job that was fetched, before it is decided whether another one is. */
  fetched: (job: Job) => void = () => {}

  /** As `Date.now()` tells it. */
  get lastContact(): number {
    return this.#lastContact
  }

  /** How many jobs are fetched, run, are put back or end at this moment. */
  get underWay(): number {
    return this.#inQueue() - this.#holding
  }

  /** How many jobs run or are put back, and how many ends and results aren't written yet. */
  get unended(): number {
    return this.#unended
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
    const job = this.#readJob(data, id)
    this.fetched(job)
    return job
  }

  #readJob(...[data, id]: Parameters<Worker['createJob']>): Job {
    try {
      return super.createJob(data, id)
    } catch {
      return super.createJob({ ...data, data: '{}' }, id)
    }
  }

  /** A paused worker takes nothing, also where it was waiting for a job when it was paused: or it would take what it hands back. */
  protected override async moveToActive(...args: Parameters<Worker['moveToActive']>): Promise<Job> {
    // That there is no job is an answer of BullMQ's own, whatever its type says.
    const none = undefined as unknown as Job
    if (this.isHeld()) await this.#hold()
    if (this.isPaused() || this.isHeld()) return none
    const job = await super.moveToActive(...args)
    this.contacted()
    return job
  }

  /** The end of a job fetches the next one, too. */
  override processJob(...[job, token, fetchesNext = () => true]: Parameters<Worker['processJob']>) {
    this.#unended++
    const ended = super.processJob(job, token, () => !this.isHeld() && fetchesNext())
    ended.then(this.#ended, this.#ended)
    return ended
  }

  /** Not for longer than that: what was fetched before, and is to be put back, comes through the same loop. */
  async #hold(): Promise<void> {
    this.#holding++
    await pause(HOLD)
    this.#holding--
  }
}
