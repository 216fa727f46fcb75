import { randomUUID } from 'node:crypto'
import type { JobView } from '@tidings/jobs'
import type { JobKind } from './job-kinds/job-kind.ts'
import { LEFT_EMPTY } from './job-kinds/told.ts'
import { jobState, jobTone, stateWords } from './job-words.ts'
import { shownClock, shownTime } from './shown-time.ts'

/** A job as the list shows it. `kind` is undefined for a job that this version doesn't know. */
export function jobInList(job: JobView, kind: JobKind | undefined) {
  const detail = kind?.given(job.input)[0]?.text
  return {
    href: jobPath(job.id),
    title: job.title,
    detail: detail === LEFT_EMPTY ? undefined : detail,
    state: jobState(job),
    words: stateWords(job),
    tone: jobTone(job),
    created: shownTime(job.createdAt),
  }
}

/** A job as its own page shows it. */
export function jobOnPage(job: JobView, kind: JobKind | undefined) {
  const isOver = job.state === 'completed' || job.state === 'failed'
  const progress = isOver || job.progress === undefined ? undefined : progressOnPage(job.progress)
  const inList = jobInList(job, kind)
  return {
    ...inList,
    isOver,
    /** What a screen reader is told when it changes. */
    said: progress === undefined ? inList.words : `${inList.words}, ${progress.text}`,
    progress,
    attempt: job.attempts > 1 && job.attempt > 0 ? `${job.attempt} of ${job.attempts}` : undefined,
    /** It hasn't been tried yet, and its time is to come. */
    isPlanned: job.state === 'delayed' && job.attempt === 0,
    next: nextOnPage(job),
    started: job.startedAt && shownTime(job.startedAt),
    finished: job.finishedAt && shownTime(job.finishedAt),
    given: kind?.given(job.input) ?? [],
    result: job.state === 'completed' ? kind?.result(job.result) : undefined,
    reason: job.state === 'failed' && job.outcome !== 'cancelled' ? job.reason : undefined,
    canRetry: job.state === 'failed',
    again: isOver && kind?.again !== undefined ? againOnPage(job.id) : undefined,
  }
}

/** The form that starts a job of the same kind with the same input, once, however often it is pressed. */
export function againOnPage(id: string) {
  return { action: `${jobPath(id)}/again`, idempotencyKey: randomUUID() }
}

/** The address of a job's page. */
export function jobPath(id: string): string {
  return `/jobs/${encodeURIComponent(id)}`
}

function nextOnPage({ nextAttemptAt, attempt }: JobView) {
  if (nextAttemptAt === undefined) return undefined
  return attempt > 0
    ? { before: 'next at', ...shownClock(nextAttemptAt) }
    : { before: 'starts at', ...shownTime(nextAttemptAt) }
}

function progressOnPage({ fraction, text }: NonNullable<JobView['progress']>) {
  const percent = Math.round(Math.min(1, Math.max(0, fraction)) * 100)
  return { percent, text: text === undefined || text === '' ? `${percent} %` : `${percent} % – ${text}` }
}
