import type { AnyJobDefinition } from './define-job.ts'
import type { JobQueue } from './job-queue.ts'

const MINUTE = 60_000
const KEPT = 3 * 24 * 60 * 60
// A process that dies while it enqueues a batch: what it had enqueued by then is the batch.
const SEALED_AFTER = MINUTE

/** Jobs of which their owner is told once. lua/seal.lua says what is kept of each. */
export class Batches {
  readonly #jobs: JobQueue

  constructor(jobs: JobQueue) {
    this.#jobs = jobs
  }

  /** Begins a batch; begun again, it stays as it is. */
  async open(
    batch: string,
    { title }: AnyJobDefinition,
    owner: string,
    message = {
      finished: `${title}: {finished} of {total} finished.`,
      failed: `${title}: {finished} of {total} finished, {failed} failed.`,
    },
  ): Promise<void> {
    const key = this.#jobs.key(`batch:${batch}`)
    const fields = {
      to: JSON.stringify(this.#jobs.address(owner)),
      message: JSON.stringify({ job: batch }),
      finished_text: message.finished,
      failed_text: message.failed,
      age: KEPT,
    }
    const replies = await this.#jobs.options.redis
      .multi()
      .hset(key, fields)
      .hsetnx(key, 'total', 0)
      .hsetnx(key, 'left', 0)
      .zadd(this.#jobs.key('unsealed'), 'NX', Date.now() + SEALED_AFTER, batch)
      .exec()
    for (const [error] of replies ?? []) if (error) throw error
  }

  /** No more jobs come to it. */
  async seal(batch: string): Promise<void> {
    const keys = [this.#jobs.key(`batch:${batch}`), this.#jobs.key('unsealed')]
    await this.#jobs.deliver('seal', keys, [batch])
  }

  /** Seals those that nobody has sealed. */
  async sealForgotten(): Promise<void> {
    const forgotten = await this.#jobs.options.redis.zrangebyscore(this.#jobs.key('unsealed'), 0, Date.now())
    for (const batch of forgotten) await this.seal(batch)
  }
}
