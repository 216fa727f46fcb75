import type { JobView } from '@tidings/jobs'

/** Jobs that failed for the same reason. */
export interface ErrorGroup {
  title: string
  reason: string
  count: number
  /** The latest of them. */
  latest: JobView
}

/** Failed jobs by kind and reason, those first of which there are most. References, which each failure has of its own, don't count. */
export function errorGroups(failed: readonly JobView[]): ErrorGroup[] {
  const groups = new Map<string, ErrorGroup>()
  for (const job of failed) {
    if (job.outcome !== 'failure') continue
    const reason = (job.reason ?? '').replace(/ \(reference [0-9A-Z]{6}\)/g, '')
    const key = JSON.stringify([job.name, reason])
    const group = groups.get(key)
    if (group) group.count++
    else groups.set(key, { title: job.title, reason, count: 1, latest: job })
  }
  return [...groups.values()].sort((a, b) => b.count - a.count)
}
