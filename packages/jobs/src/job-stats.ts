import { z } from 'zod'
import type { JobQueue } from './job-queue.ts'
import { oldestWaiting } from './oldest-waiting.ts'
import { OwnScript } from './script.ts'

/** How jobs stand at this moment, in all processes. */
export interface JobStats {
  /** Jobs that wait to be picked up, that wait for their time, and that run. */
  readonly waiting: number
  readonly delayed: number
  readonly running: number
  /** Jobs that have ended, of those that are still kept. */
  readonly completed: number
  readonly failed: number
  /** How long the one that waits longest has been ready to be picked up, ms; 0 where none waits. */
  readonly oldestWaiting: number
  /** Jobs whose outcome is owed. */
  readonly owed: number
  /** How long the one that should have been picked up first has been overdue, ms; 0 for none. */
  readonly overdue: number
  /** Messages that can't be delivered for now. */
  readonly undelivered: number
  /** Unread messages that outcomes have pushed out of full lists, since there is this queue. */
  readonly dropped: number
}

/** What the ledger says, and which jobs in it are due. */
export interface Look {
  readonly due: readonly { readonly id: string; readonly state: string | undefined }[]
  readonly owed: number
  /** Jobs in the queue that have not ended. */
  readonly pending: number
  readonly undelivered: number
  /** How long the oldest has been due, ms. */
  readonly overdue: number
}

const LOOK = new OwnScript('look')

/** Looks into a queue's ledger, for at most `limit` jobs that are due. */
export async function look(jobs: JobQueue, limit: number): Promise<Look> {
  const reply = await jobs.run(LOOK, [jobs.key('ledger')], [Date.now(), limit])
  const [due, owed, pending, undelivered, oldest] = lookReply.parse(reply)
  const dueSince = Number(oldest || Infinity)
  return {
    due: Array.from({ length: due.length / 3 }, (_, i) => ({ id: due[3 * i] ?? '', state: due[3 * i + 2] })),
    owed,
    pending,
    undelivered,
    overdue: Number.isFinite(dueSince) ? Math.max(0, Date.now() - dueSince) : 0,
  }
}

const lookReply = z.tuple([z.array(z.string()), z.number(), z.number(), z.number(), z.string()])

/** How the jobs of several queues stand. */
export async function jobStats(queues: readonly JobQueue[]): Promise<JobStats> {
  const all = await Promise.all(
    queues.map(async jobs => {
      const {
        wait = 0,
        prioritized = 0,
        delayed = 0,
        active = 0,
        completed = 0,
        failed = 0,
      } = await jobs.queue.getJobCounts('wait', 'prioritized', 'delayed', 'active', 'completed', 'failed')
      const { owed, overdue, undelivered } = await look(jobs, 0)
      return {
        waiting: wait + prioritized,
        delayed,
        running: active,
        completed,
        failed,
        oldestWaiting: await oldestWaiting(jobs),
        owed,
        overdue,
        undelivered,
        dropped: Number(await jobs.options.redis.hget(jobs.key('counts'), 'dropped')),
      }
    }),
  )
  const sum = (of: (stats: JobStats) => number) => all.reduce((total, stats) => total + of(stats), 0)
  return {
    waiting: sum(({ waiting }) => waiting),
    delayed: sum(({ delayed }) => delayed),
    running: sum(({ running }) => running),
    completed: sum(({ completed }) => completed),
    failed: sum(({ failed }) => failed),
    oldestWaiting: Math.max(...all.map(({ oldestWaiting }) => oldestWaiting)),
    owed: sum(({ owed }) => owed),
    overdue: Math.max(...all.map(({ overdue }) => overdue)),
    undelivered: sum(({ undelivered }) => undelivered),
    dropped: sum(({ dropped }) => dropped),
  }
}
