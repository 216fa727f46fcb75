import type { Jobs } from '@tidings/jobs'

/** Says in words how a job goes, until it has ended: for a terminal, or an open page. */
export async function tellProgress(jobs: Jobs, id: string, say: (words: string) => void): Promise<void> {
  for await (const { title, state, place, progress, outcome } of jobs.follow(id, {})) {
    if (outcome) say(`${title}: ${outcome}`)
    else if (place) say(`${title}: place ${place.is === 'exact' ? '' : `${place.is} `}${place.number}`)
    else say(`${title}: ${progress?.text ?? state}`)
  }
}
