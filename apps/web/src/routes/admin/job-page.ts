import type { JobView } from '@tidings/jobs'
import type { JobKind } from '../../job-kinds/job-kind.ts'
import { jobInList, jobOnPage } from '../../job-page.ts'

const MAX_JSON = 10_000

/** Of a user who is there no more. */
const GONE = 'nobody any more'

/** A job of anybody's in the list. */
export function staffJobInList(job: JobView, kind: JobKind | undefined, names: ReadonlyMap<string, string>) {
  const isOver = job.state === 'completed' || job.state === 'failed'
  return {
    ...jobInList(job, kind),
    id: job.id,
    href: staffJobPath(job.id),
    owner: names.get(job.owner) ?? GONE,
    reason: job.state === 'failed' && job.outcome === 'failure' ? job.reason : undefined,
    can: job.state === 'failed' ? 'retry' : isOver ? undefined : 'cancel',
  }
}

/** A job of anybody's on its own page. */
export function staffJobOnPage(job: JobView, kind: JobKind | undefined, owner: string | undefined) {
  const onPage = jobOnPage(job, kind)
  return {
    ...onPage,
    href: staffJobPath(job.id),
    id: job.id,
    owner: owner ?? GONE,
    name: job.name,
    trace: /[\da-f]{32}/.exec(job.telemetry ?? '')?.[0],
    reason: job.state === 'failed' ? job.reason : undefined,
    input: jsonOf(job.input),
    output: job.result === undefined ? undefined : jsonOf(job.result),
  }
}

/** The address of a job's page for staff. */
export function staffJobPath(id: string): string {
  return `/admin/jobs/${encodeURIComponent(id)}`
}

function jsonOf(value: unknown): string {
  const text = JSON.stringify(value, null, 2) ?? 'nothing'
  return text.length > MAX_JSON ? `${text.slice(0, MAX_JSON)}…` : text
}
