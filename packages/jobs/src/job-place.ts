import { z } from 'zod'
import type { JobQueue } from './job-queue.ts'

// A list is looked through from its end: no further than this, whatever its length.
const LOOKED_THROUGH = 1000

/** Where a job that waits stands in its queue. */
export interface JobPlace {
  /** 1 is next. */
  readonly number: number
  /**
   * `exact`; `about`, where owners take turns or jobs have priorities: later ones may be put before it; `over`, where it is
   * further back than this.
   */
  readonly is: 'exact' | 'about' | 'over'
}

/** The place of a job that waits, among those of its shard; `undefined` where it has none, as in a queue that is paused. */
export async function jobPlace(jobs: JobQueue, id: string): Promise<JobPlace | undefined> {
  const wait = jobs.key('wait')
  const replies = await jobs.options.redis
    .multi()
    .llen(wait)
    .lpos(wait, id, 'RANK', -1, 'MAXLEN', LOOKED_THROUGH)
    .zrank(jobs.key('prioritized'), id)
    .exec()
  const [length, index, rank] = repliesSchema.parse(replies?.map(([, reply]) => reply))
  if (index !== null) return { number: length - index, is: 'exact' }
  // Those with a priority come after all that have none.
  if (rank !== null) return { number: length + rank + 1, is: 'about' }
  return length > LOOKED_THROUGH ? { number: LOOKED_THROUGH, is: 'over' } : undefined
}

const repliesSchema = z.tuple([z.number(), z.number().nullable(), z.number().nullable()])
