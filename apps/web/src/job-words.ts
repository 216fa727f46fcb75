import type { Jobs, JobView } from '@tidings/jobs'

const LOOKED_BACK = 5

/** How a job stands, for `data-state`: BullMQ's word, but a cancelled job hasn't failed. */
export function jobState({ state, outcome }: JobView): string {
  return outcome === 'cancelled' ? outcome : state
}

/** How a job stands, in words. */
export function stateWords(job: JobView): string {
  const { state, outcome, attempt, attempts } = job
  switch (state) {
    case 'waiting':
      return (attempt > 0 ? tryingAgain(job) : 'Waiting') + placeWords(job)
    case 'delayed':
      return attempt > 0 ? tryingAgain(job) : 'Waiting for its time'
    case 'active':
      return attempt > 1 ? `Running, attempt ${attempt} of ${attempts}` : 'Running'
    case 'completed':
      return outcome === 'partial' ? 'Partly done' : 'Done'
    case 'failed':
      return outcome === 'cancelled' ? 'Cancelled' : 'Failed'
  }
}

/** The colour that goes with the words: that of the message with which the job ends. */
export function jobTone({ state, outcome }: JobView): string {
  if (outcome === 'cancelled') return 'debug'
  if (state === 'failed') return 'error'
  if (state !== 'completed') return 'info'
  return outcome === 'partial' ? 'warning' : 'success'
}

/** How long the last jobs of this person and this kind took, in words; asked only while it matters. */
export async function usualTimeOf({ owner, name, state }: JobView, jobs: Jobs): Promise<string | undefined> {
  if (state === 'completed' || state === 'failed') return undefined
  return usualTime(await jobs.list({ owner, name, state: 'completed', limit: LOOKED_BACK }))
}

/** How long jobs took, in words; undefined where there were none. */
export function usualTime(before: readonly JobView[]): string | undefined {
  const times = before
    .flatMap(({ startedAt, finishedAt }) =>
      startedAt && finishedAt ? [finishedAt.getTime() - startedAt.getTime()] : [],
    )
    .sort((a, b) => a - b)
  const middle = times[Math.floor(times.length / 2)]
  return middle === undefined ? undefined : inWords(Math.max(0, middle) / 1000)
}

function tryingAgain({ attempt, attempts }: JobView): string {
  return `Trying again, ${Math.min(attempt + 1, attempts)} of ${attempts}`
}

function placeWords({ place }: JobView): string {
  if (place === undefined) return ''
  const number = place.number.toLocaleString('en')
  if (place.is === 'over') return `, place over ${number}`
  return place.is === 'about' ? `, about place ${number}` : `, place ${number}`
}

function inWords(seconds: number): string {
  if (seconds < 1.5) return 'about a second'
  if (seconds < 90) return `about ${Math.round(seconds)} seconds`
  if (seconds < 90 * 60) return `about ${Math.round(seconds / 60)} minutes`
  return `about ${Math.round(seconds / 3600)} hours`
}
