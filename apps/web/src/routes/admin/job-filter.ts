import { JOB_STATES, type JobFilter, type JobState } from '@tidings/jobs'
import { z } from 'zod'
import { typedMoment } from '../../zoned-time.ts'

const STATE_WORDS: Readonly<Record<JobState, string>> = {
  active: 'Running',
  waiting: 'Waiting',
  delayed: 'Waiting for their time',
  failed: 'Failed or cancelled',
  completed: 'Done',
}

const text = (max: number) => z.string().trim().max(max).catch('').default('')

const querySchema = z.object({
  state: z
    .enum(['', ...JOB_STATES])
    .catch('')
    .default(''),
  kind: text(100),
  user: text(60),
  after: text(40),
  before: text(40),
  /** In which the times are typed; empty: UTC. */
  zone: text(64),
  cursor: z.string().max(20_000).optional().catch(undefined),
})

/** Which jobs staff look for, as their form says it. */
export type JobQuery = z.output<typeof querySchema>

/** What an address asks for; what can't be is left out. */
export function jobQuery(query: unknown): JobQuery {
  return querySchema.parse(typeof query === 'object' && query !== null ? query : {})
}

/** The same as an address; of the first page, unless a cursor is given. */
export function queryText({ state, kind, user, after, before, zone }: JobQuery, cursor?: string): string {
  const times = { after, before, zone: after === '' && before === '' ? '' : zone }
  const asked = Object.entries({ state, kind, user, ...times, cursor: cursor ?? '' })
  return new URLSearchParams(asked.filter(([, value]) => value !== '')).toString()
}

/** The filter for `jobs.listAll`. */
export function filterOf(
  { state, kind, after, before, zone, cursor }: JobQuery,
  owner: string | undefined,
  limit: number,
): JobFilter {
  return {
    state: state === '' ? undefined : state,
    name: kind === '' ? undefined : kind,
    owner,
    after: typedMoment(after, zone).moment,
    before: typedMoment(before, zone).moment,
    cursor,
    limit,
  }
}

/** The states as the form offers them. */
export const STATE_OPTIONS = [
  { value: '', text: 'Any' },
  ...JOB_STATES.map(state => ({ value: state, text: STATE_WORDS[state] })),
]
