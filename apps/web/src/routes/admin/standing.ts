import type { Jobs } from '@tidings/jobs'
import { shownTime } from '../../shown-time.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/** How the jobs of all stand, and which workers live, as a page shows it. */
export async function standing(jobs: Jobs) {
  const [stats, workers] = await Promise.all([jobs.stats(), jobs.workers()])
  const { waiting, delayed, running, completed, failed, oldestWaiting, overdue, undelivered } = stats
  return {
    facts: [
      { term: 'Running', text: number(running) },
      { term: 'Waiting', text: number(waiting) },
      { term: 'Oldest waiting', text: oldestWaiting === 0 ? 'none' : duration(oldestWaiting) },
      { term: 'Waiting for their time', text: number(delayed) },
      { term: 'Failed or cancelled', text: number(failed) },
      { term: 'Done', text: number(completed) },
    ],
    troubles: [
      workers.length === 0 && 'No worker is alive: nothing that waits is done.',
      overdue > MINUTE && `A job has been overdue for ${duration(overdue)}, and nobody has looked after it.`,
      undelivered > 0 && `${number(undelivered)} outcomes can't be delivered for now.`,
    ].filter(trouble => trouble !== false),
    workers: workers.map(({ host, pid, node, version, since, heard, running, concurrency }) => ({
      name: `${host}, process ${pid}`,
      version: [version, `Node ${node}`].filter(Boolean).join(', '),
      since: shownTime(since),
      load: `${running} of ${concurrency}`,
      heard: duration(heard),
    })),
  }
}

/** A time that has passed, in words: the largest unit that fits. */
export function duration(ms: number): string {
  if (ms < MINUTE) return `${Math.max(0, Math.round(ms / SECOND))} s`
  if (ms < 2 * HOUR) return `${Math.round(ms / MINUTE)} min`
  if (ms < 48 * HOUR) return `${Math.round(ms / HOUR)} h`
  return `${Math.round(ms / HOUR / 24)} days`
}

function number(value: number): string {
  return value.toLocaleString('en')
}
