import type { Blog } from '@tidings/blog'
import type { JobPage, Jobs } from '@tidings/jobs'
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { formText } from '../../form-text.ts'
import type { JobKind } from '../../job-kinds/job-kind.ts'
import { renderPage } from '../../page.ts'
import { notFound, PageError } from '../../page-error.ts'
import { zoneLabel } from '../../zoned-time.ts'
import { errorGroups } from './error-groups.ts'
import { inChunks } from './in-chunks.ts'
import { filterOf, type JobQuery, jobQuery, queryText, STATE_OPTIONS } from './job-filter.ts'
import { staffJobInList, staffJobOnPage, staffJobPath } from './job-page.ts'
import { staffAction } from './staff-action.ts'
import { standing } from './standing.ts'

const PAGE = 50
const GROUPED = 200
const AT_ONCE = 100

/**
 * `GET /admin/jobs`: the jobs of all, with filters; `POST …/retry` and `POST …/cancel`: those that are ticked; `GET /admin/jobs/:id`:
 * one of them.
 */
export const staffJobRoutes: FastifyPluginAsync<{
  blog: Blog
  jobs: Jobs
  kinds: readonly JobKind[]
}> = async (app, { blog: { users, audit }, jobs, kinds }) => {
  const kindOf = (name: string) => kinds.find(kind => kind.name === name)

  app.get('/admin/jobs', async (request, reply) => {
    const query = jobQuery(request.query)
    const user = query.user === '' ? undefined : await users.findByName(query.user)
    const isNobody = query.user !== '' && user === undefined
    const { page, isOld } = isNobody ? { page: { jobs: [] }, isOld: false } : await pageOf(query, user?.id)
    const names = await namesOf(page.jobs.map(({ owner }) => owner))
    const model = {
      standing: await standing(jobs),
      groups: query.state === 'failed' ? await groupsOf(query, user?.id) : [],
      query,
      zone: zoneLabel(query.zone),
      back: queryText(query),
      states: STATE_OPTIONS,
      kinds: [...jobs.definitions.values()].map(({ name, title }) => ({ value: name, text: title })),
      jobs: page.jobs.map(job => staffJobInList(job, kindOf(job.name), names)),
      isNobody,
      isOld,
      first: query.cursor === undefined ? undefined : `/admin/jobs?${queryText(query)}`,
      next: page.next && `/admin/jobs?${queryText(query, page.next)}`,
    }
    return renderPage(request, reply, 'admin-jobs', model, { title: 'Jobs of all' })
  })

  app.get<{ Params: { id: string } }>('/admin/jobs/:id', async (request, reply) => {
    const job = await jobs.find(request.params.id, {})
    if (job === undefined) throw notFound()
    const owner = await users.find(job.owner)
    const model = { job: staffJobOnPage(job, kindOf(job.name), owner?.username) }
    return renderPage(request, reply, 'admin-job', model, { title: job.title })
  })

  app.post('/admin/jobs/retry', (request, reply) => change(request, reply, 'retry'))
  app.post('/admin/jobs/cancel', (request, reply) => change(request, reply, 'cancel'))

  async function change(
    request: FastifyRequest,
    reply: FastifyReply,
    what: 'retry' | 'cancel',
  ): Promise<FastifyReply> {
    const ids = idsIn(request.body)
    const back = backTo(request.body, ids)
    if (ids.length === 0) request.messages.warning('No job was ticked.')
    else {
      const to = `${ids.length === 1 ? '1 job' : `${ids.length} jobs`}: ${ids.join(', ')}`
      const action = { action: `jobs.${what}`, to, count: ids.length }
      const { text, isAll } = await staffAction(request, audit, action, async () => {
        const done = await inChunks(ids, id => (what === 'retry' ? retry(id) : cancel(id)))
        const result = changed(what, ids.length, done.filter(Boolean).length)
        return { result, note: result.text }
      })
      if (isAll) request.messages.success(text)
      else request.messages.warning(text)
    }
    return reply.redirect(back, 303)
  }

  function retry(id: string): Promise<boolean> {
    return jobs.retry(id, {})
  }

  async function cancel(id: string): Promise<boolean> {
    const done = await jobs.cancel(id, {})
    return done === 'cancelled' || done === 'cancelling'
  }

  /** A cursor that is none, or that comes from before a change of shards, leads to the first page. */
  async function pageOf(
    query: JobQuery,
    owner: string | undefined,
  ): Promise<{ page: JobPage; isOld: boolean }> {
    try {
      return { page: await jobs.listAll(filterOf(query, owner, PAGE)), isOld: false }
    } catch (error) {
      if (!(error instanceof TypeError) || query.cursor === undefined) throw error
      const first = filterOf({ ...query, cursor: undefined }, owner, PAGE)
      return { page: await jobs.listAll(first), isOld: true }
    }
  }

  async function groupsOf(query: JobQuery, owner: string | undefined) {
    const { jobs: failed } = await jobs.listAll(filterOf({ ...query, cursor: undefined }, owner, GROUPED))
    return errorGroups(failed).map(({ latest, ...group }) => ({ ...group, href: staffJobPath(latest.id) }))
  }

  async function namesOf(owners: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const found = await inChunks([...new Set(owners)], id => users.find(id))
    return new Map(found.flatMap(user => (user ? [[user.id, user.username] as const] : [])))
  }
}

function changed(what: 'retry' | 'cancel', asked: number, done: number): { text: string; isAll: boolean } {
  const words = what === 'retry' ? 'tried again' : 'cancelled'
  const text = `${done === 1 ? '1 job is' : `${done} jobs are`} ${words}.`
  if (done === asked) return { text, isAll: true }
  const left = asked - done
  const rest =
    what === 'retry'
      ? `${left === 1 ? '1 is' : `${left} are`} not: only what has failed can be tried again.`
      : `${left === 1 ? '1 is' : `${left} are`} not: they had ended, or are the next run of a schedule.`
  return { text: `${text} ${rest}`, isAll: false }
}

/** @throws PageError 400 for what no form of ours sends. */
function idsIn(body: unknown): string[] {
  const sent = typeof body === 'object' && body !== null && 'job' in body ? body.job : []
  const ids = [...new Set(Array.isArray(sent) ? sent : [sent])]
  const isFine = ids.every((id): id is string => typeof id === 'string' && id.length <= 100)
  if (!isFine || ids.length > AT_ONCE) throw new PageError(400, 'the jobs of the form are none of ours')
  return ids
}

/** Back to the list, as it was filtered, or to the page of the one job that it came from. */
function backTo(body: unknown, [id = '']: readonly string[]): string {
  if (formText(body, 'from', { max: 10 }) === 'job' && id !== '') return staffJobPath(id)
  const back = new URLSearchParams(formText(body, 'back', { max: 4000 }))
  const query = queryText(jobQuery(Object.fromEntries(back)))
  return query === '' ? '/admin/jobs' : `/admin/jobs?${query}`
}
