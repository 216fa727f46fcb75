import type { Jobs } from '@tidings/jobs'
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { jobForm, type SentBefore } from '../job-form.ts'
import { isStartable, type JobKind, type StartableJobKind } from '../job-kinds/job-kind.ts'
import { jobChoice, jobsInList, listOptions } from '../job-list.ts'
import { jobPath } from '../job-page.ts'
import { keyOf, startJob } from '../job-starts.ts'
import { renderPage } from '../page.ts'
import { notFound } from '../page-error.ts'
import { userOf } from '../plugins/access.ts'
import { againWords } from '../plugins/typed-again.ts'
import { uploads } from '../plugins/uploads.ts'
import type { RateLimit } from '../rate-limit.ts'
import { SentForm } from '../sent-form.ts'
import { unsureStart } from '../unsure-start.ts'
import type { Views } from '../views.ts'

/** A text of many lines that is too long still arrives, and can be given back. */
const FORM_BYTES = 512 * 1024
/** A file of ten megabytes goes to Redis in forty pieces. */
const START_LIMIT = 15_000

/** What the routes of jobs are made of. */
export interface JobRouteOptions {
  jobs: Jobs
  kinds: readonly JobKind[]
  /** How many jobs a user may start. */
  starts: RateLimit
  views: Views
}

/** `GET /jobs` and `POST /jobs/:name`: the forms that start jobs, and one's own jobs. */
export const jobsRoutes: FastifyPluginAsync<JobRouteOptions> = async (
  app,
  { jobs, kinds, starts, views },
) => {
  const mostFields = Math.max(...kinds.filter(isStartable).map(({ fields }) => fields.length))
  await app.register(uploads, { mostFields })

  app.get('/jobs', async (request, reply) => {
    const kept = await request.typedBefore(action => actionOf(action) !== undefined)
    const kind = kept && actionOf(kept.action)
    if (kind === undefined || kept === undefined) return jobsPage(request, reply)
    const form = new SentForm(kept.texts)
    const problems = { '': againWords(kept) }
    return jobsPage(request, reply, { kind, status: 200, form, problems, idempotencyKey: keyOf(form) })
  })

  const slow = {
    bodyLimit: FORM_BYTES,
    config: { answersWithin: START_LIMIT, formPage: () => '/jobs' },
    errorHandler: unsureStart<{ name: string }>(views, ({ name }, sent) => {
      const kind = kinds.find(each => each.name === name)
      return kind && isStartable(kind) ? jobForm(kind, sent) : undefined
    }),
  }
  app.post<{ Params: { name: string } }>('/jobs/:name', slow, async (request, reply) => {
    const kind = kinds.find(({ name }) => name === request.params.name)
    if (kind === undefined || !isStartable(kind)) throw notFound()
    const form = new SentForm(request.body)
    const idempotencyKey = keyOf(form)
    const owner = userOf(request).id
    const read = await kind.read(form, { owner })
    if (read.problems)
      return jobsPage(request, reply, { kind, status: 422, form, problems: read.problems, idempotencyKey })
    const started = await startJob(owner, { limit: starts, log: request.log }, () =>
      read.start({ idempotencyKey }),
    )
    if ('id' in started) return reply.redirect(jobPath(started.id), 303)
    const { problem, status, retryAfter, isKeyUsed } = started
    if (retryAfter !== undefined) reply.header('retry-after', String(retryAfter))
    const kept = isKeyUsed ? undefined : idempotencyKey
    return jobsPage(request, reply, { kind, status, form, problems: { '': problem }, idempotencyKey: kept })
  })

  function actionOf(action: string): StartableJobKind | undefined {
    return kinds.filter(isStartable).find(({ name }) => action === `/jobs/${name}`)
  }

  async function jobsPage(
    request: FastifyRequest,
    reply: FastifyReply,
    refused?: SentBefore & { kind: StartableJobKind; status: number },
  ) {
    const choice = jobChoice(refused ? {} : request.query, kinds)
    const found = await jobs.list(listOptions(choice, userOf(request).id))
    const forms = kinds
      .filter(isStartable)
      .map(kind => jobForm(kind, kind === refused?.kind ? refused : undefined))
    const model = { forms, list: jobsInList(found, choice, kinds) }
    return renderPage(request, reply, 'jobs', model, { title: 'Jobs', status: refused?.status ?? 200 })
  }
}
