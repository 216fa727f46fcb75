import type { JobView } from '@tidings/jobs'
import type { JobKind } from './job-kinds/job-kind.ts'
import { shownTime } from './shown-time.ts'

/** A job as the list shows it. `kind` is undefined for a job that this version doesn't know. */
export function jobInList(job: JobView, kind: JobKind | undefined) {
  return {
    href: jobPath(job.id),
    title: job.title,
    detail: kind?.given(job.input)[0]?.text,
    state: job.state,
    words: stateWords(job),
    tone: toneOf(job),
    created: shownTime(job.createdAt),
  }
}

/** A job as its own page shows it. */
export function jobOnPage(job: JobView, kind: JobKind | undefined) {
  const isOver = job.state === 'completed' || job.state === 'failed'
  return {
    ...jobInList(job, kind),
    isOver,
    progress: isOver || job.progress === undefined ? undefined : progressOnPage(job.progress),
    attempt: job.attempts > 1 && job.attempt > 0 ? `${job.attempt} of ${job.attempts}` : undefined,
    next: job.nextAttemptAt && shownTime(job.nextAttemptAt),
    started: job.startedAt && shownTime(job.startedAt),
    finished: job.finishedAt && shownTime(job.finishedAt),
    given: kind?.given(job.input) ?? [],
    result: job.state === 'completed' ? kind?.result(job.result) : undefined,
    reason: job.state === 'failed' && job.outcome !== 'cancelled' ? job.reason : undefined,
    canRetry: job.state === 'failed',
  }
}

/** The address of a job's page. */
export function jobPath(id: string): string {
  return `/jobs/${encodeURIComponent(id)}`
}

function stateWords({ state, outcome, attempt }: JobView): string {
  switch (state) {
    case 'waiting':
      return attempt > 1 ? 'Waiting to be tried again' : 'Waiting for a worker'
    case 'delayed':
      return attempt > 0 ? 'Waiting to be tried again' : 'Waiting for its time'
    case 'active':
      return attempt > 1 ? 'Running again' : 'Running'
    case 'completed':
      return outcome === 'partial' ? 'Done in part' : 'Done'
    case 'failed':
      return outcome === 'cancelled' ? 'Cancelled' : 'Failed'
  }
}

// The colour that goes with the words: that of the message with which the job ends.
function toneOf({ state, outcome }: JobView): string {
  if (state === 'failed') return 'error'
  if (state !== 'completed') return 'info'
  return outcome === 'partial' ? 'warning' : 'success'
}

function progressOnPage({ fraction, text }: NonNullable<JobView['progress']>) {
  const percent = Math.round(Math.min(1, Math.max(0, fraction)) * 100)
  return { percent, text: text === undefined || text === '' ? `${percent} %` : `${percent} % – ${text}` }
}
