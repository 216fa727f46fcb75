import type { RedisMessageStore } from '@tidings/messages'
import { type Job, Queue } from 'bullmq'
import type { Cluster, Redis } from 'ioredis'
import { expect } from 'vitest'
import type { Ending, Final, History } from './history.ts'
import { endingOf } from './verdict.ts'

const PENDING = ['waiting', 'active', 'delayed', 'prioritized', 'waiting-children'] as const
const PAGE = 1000

/** Where a history took place. */
export interface Place {
  readonly redis: Redis | Cluster
  readonly store: RedisMessageStore
  readonly owners: readonly string[]
  /** Default `jobs`. */
  readonly queue?: string
}

/**
 * Waits until nothing is left to be done and nothing to be read, and notes how every job ended and what the inboxes hold.
 * What isn't over in time is judged as it is.
 * @param timeout ms
 */
export async function noteTheEnd(
  history: History,
  { redis, store, owners, queue: name = 'jobs' }: Place,
  timeout: number,
): Promise<void> {
  const queues = store.prefixes.map(prefix => new Queue(name, { connection: redis, prefix }))
  const open = async () => {
    const counts: Record<string, number> = {}
    for (const queue of queues)
      for (const [state, count] of Object.entries(await queue.getJobCounts(...PENDING)))
        counts[state] = (counts[state] ?? 0) + count
    return counts
  }
  const unread = async () => (await inboxes(store, owners)).filter(message => message.unread).length
  const ended = Date.now() + timeout
  const left = () => Math.max(1, ended - Date.now())
  await expect
    .poll(async () => sum(Object.values(await open())), { timeout: left(), interval: 200 })
    .toBe(0)
    .catch(async () => console.log('not over in time:', await open()))
  await expect
    .poll(unread, { timeout: left(), interval: 200 })
    .toBe(0)
    .catch(() => console.log('not read in time'))

  for (const queue of queues) await noteFinals(history, queue)
  for (const { owner, id, job, level } of await inboxes(store, owners)) {
    const ending = endingOf(level)
    if (ending) history.came({ owner, message: id, job, ending, where: 'inbox', at: Date.now() })
  }
  await Promise.all(queues.map(queue => queue.close()))
}

async function noteFinals(history: History, queue: Queue): Promise<void> {
  for (const state of ['completed', 'failed', ...PENDING] as const) {
    for (let from = 0; ; from += PAGE) {
      const jobs = await queue.getJobs([state], from, from + PAGE - 1)
      for (const job of jobs) history.ended(finalOf(job, state))
      if (jobs.length < PAGE) break
    }
  }
}

async function inboxes(store: RedisMessageStore, owners: readonly string[]) {
  const all = await Promise.all(
    owners.map(async owner => (await store.inbox(owner)).map(message => ({ ...message, owner }))),
  )
  return all.flat()
}

function finalOf(job: Job, state: string): Final {
  const data = job.data as { label?: string; input?: { label?: string } }
  return {
    id: String(job.id),
    label: String(data.input?.label ?? data.label),
    ending: endingOfState(job, state),
    stalled: state === 'failed' && /stalled/.test(job.failedReason),
  }
}

function endingOfState({ returnvalue }: Job, state: string): Ending | 'open' {
  if (state === 'failed') return 'failure'
  if (state !== 'completed') return 'open'
  return (returnvalue as { kind?: string } | null)?.kind === 'partial' ? 'partial' : 'success'
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, each) => all + each, 0)
}
