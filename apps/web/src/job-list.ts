import type { JobView, ListOptions } from '@tidings/jobs'
import { z } from 'zod'
import type { JobKind } from './job-kinds/job-kind.ts'
import { jobInList } from './job-page.ts'

/** How many jobs stand on a page. */
export const JOBS_PER_PAGE = 20

// Of an owner, a thousand jobs are kept.
const LAST_PAGE = 1000 / JOBS_PER_PAGE

const STATES = [
  { state: '', text: 'All', none: 'jobs' },
  { state: 'unfinished', text: 'Running or waiting', none: 'running or waiting jobs' },
  { state: 'completed', text: 'Done', none: 'jobs that are done' },
  { state: 'failed', text: 'Failed', none: 'failed jobs' },
  { state: 'cancelled', text: 'Cancelled', none: 'cancelled jobs' },
] as const

// What nobody's link says is read as if it weren't there.
const querySchema = z.object({
  state: z.enum(['unfinished', 'completed', 'failed', 'cancelled']).optional().catch(undefined),
  kind: z.string().max(60).optional().catch(undefined),
  page: z.coerce.number().int().min(1).max(LAST_PAGE).catch(1),
})

/** Which of one's own jobs are looked at. */
export interface JobChoice {
  state: ListOptions['state']
  kind: string | undefined
  page: number
}

/** What an address chooses of one's own jobs. */
export function jobChoice(query: unknown, kinds: readonly JobKind[]): JobChoice {
  const { state, kind, page } = querySchema.parse(query ?? {})
  return { state, kind: kinds.find(({ name }) => name === kind)?.name, page }
}

/** What to ask the jobs for: one more than the page holds, to know whether there is another page. */
export function listOptions({ state, kind, page }: JobChoice, owner: string): ListOptions {
  return {
    owner,
    limit: JOBS_PER_PAGE + 1,
    offset: (page - 1) * JOBS_PER_PAGE,
    ...(kind !== undefined && { name: kind }),
    ...(state !== undefined && { state }),
  }
}

/** One's own jobs as their page shows them. */
export function jobsInList(found: readonly JobView[], choice: JobChoice, kinds: readonly JobKind[]) {
  const { page } = choice
  const kindOf = (name: string) => kinds.find(kind => kind.name === name)
  return {
    jobs: found.slice(0, JOBS_PER_PAGE).map(job => jobInList(job, kindOf(job.name))),
    isFiltered: choice.state !== undefined || choice.kind !== undefined,
    none: noneWords(choice, kinds),
    states: STATES.map(({ state, text }) => ({
      text,
      href: path({ ...choice, state: state === '' ? undefined : state, page: 1 }),
      isChosen: (choice.state ?? '') === state,
    })),
    kinds: [{ name: undefined, title: 'Every kind' }, ...kinds].map(({ name, title }) => ({
      text: title,
      href: path({ ...choice, kind: name, page: 1 }),
      isChosen: choice.kind === name,
    })),
    page,
    newer: page > 1 ? path({ ...choice, page: page - 1 }) : undefined,
    older: found.length > JOBS_PER_PAGE && page < LAST_PAGE ? path({ ...choice, page: page + 1 }) : undefined,
  }
}

function path({ state, kind, page }: JobChoice): string {
  const query = new URLSearchParams({
    ...(state !== undefined && { state }),
    ...(kind !== undefined && { kind }),
    ...(page > 1 && { page: String(page) }),
  })
  return `${query.size > 0 ? `/jobs?${query}` : '/jobs'}#own`
}

function noneWords({ state, kind, page }: JobChoice, kinds: readonly JobKind[]): string {
  if (page > 1) return 'There are no more.'
  if (state === undefined && kind === undefined) return 'You have started none yet.'
  const title = kinds.find(({ name }) => name === kind)?.title
  return `No ${STATES.find(each => each.state === (state ?? ''))?.none}${title ? ` of the kind “${title}”` : ''}.`
}
