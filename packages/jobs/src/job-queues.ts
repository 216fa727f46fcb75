import type { RedisMessageStore } from '@tidings/messages'
import { JobQueue, type JobQueueOptions } from './job-queue.ts'

/** The queues of all shards. */
export class JobQueues {
  readonly store: RedisMessageStore
  /** By the number of the shard. */
  readonly all: readonly JobQueue[]

  constructor(options: Omit<JobQueueOptions, 'prefix'>) {
    this.store = options.store
    this.all = this.store.prefixes.map(prefix => new JobQueue({ ...options, prefix }))
  }

  /** The queue of this owner's jobs. */
  of(owner: string): JobQueue {
    const queue = this.all[this.store.shardOf(owner)]
    if (!queue) throw new Error(`The store has no shard for ${owner}`)
    return queue
  }

  /** The key of the list of this owner's jobs, oldest first. */
  ownedKey(owner: string): string {
    return `${this.of(owner).owned}${owner}`
  }

  async close(): Promise<void> {
    await Promise.all(this.all.map(queue => queue.close()))
  }
}
