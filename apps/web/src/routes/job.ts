import type { JobView } from '@tidings/jobs'
import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import { againOnPage, jobOnPage, jobPath } from '../job-page.ts'
import { keyOf, startJob } from '../job-starts.ts'
import { usualTimeOf } from '../job-words.ts'
import { renderPage } from '../page.ts'
import { notFound, PageError } from '../page-error.ts'
import { userOf } from '../plugins/access.ts'
import { SentForm } from '../sent-form.ts'
import { unsureStart } from '../unsure-start.ts'
import type { JobRouteOptions } from './jobs.ts'

/** `/jobs/:id`, `/jobs/:id/cancel`, `/jobs/:id/retry`, `/jobs/:id/again`: one of one's own jobs. */
export const jobRoutes: FastifyPluginAsync<JobRouteOptions> = async (app, { jobs, kinds, starts, views }) => {
  interface Id {
    Params: { id: string }
  }

  app.get<Id>('/jobs/:id', async (request, reply) => {
    const job = await ownJob(request)
    const model = { job: jobOnPage(job, kindOf(job)), usual: await usualTimeOf(job, jobs) }
    return renderPage(request, reply, 'job', model, { title: job.title })
  })

  app.post<Id>('/jobs/:id/cancel', async (request, reply) => {
    const { id } = request.params
    const done = await jobs.cancel(id, { owner: userOf(request).id })
    if (done === 'unknown') throw notFound()
    // Where it is cancelled, its own message says so.
    if (done === 'cancelling') request.messages.info('The job is being stopped.')
    if (done === 'ended') request.messages.warning('The job had ended before it could be cancelled.')
    if (done === 'scheduled')
      request.messages.warning('This is the next run of a schedule: end the schedule instead.')
    return reply.redirect(jobPath(id), 303)
  })

  app.post<Id>('/jobs/:id/retry', async (request, reply) => {
    const { id, owner } = await ownJob(request)
    if (await jobs.retry(id, { owner })) request.messages.info('The job is tried again.')
    else request.messages.warning('Only a job that has failed can be tried again.')
    return reply.redirect(jobPath(id), 303)
  })

  const unsure = unsureStart<Id['Params']>(views, ({ id }, { idempotencyKey }) => {
    const { action } = againOnPage(id)
    const words = { name: 'again', title: 'Run a job again', button: 'Run again with the same input' }
    // Without its key it could start twice, and a new one would not be that of the job which may have started.
    return idempotencyKey === undefined
      ? undefined
      : { ...words, action, idempotencyKey, hasFile: false, problem: undefined, fields: [] }
  })
  app.post<Id>('/jobs/:id/again', { errorHandler: unsure }, async (request, reply) => {
    const job = await ownJob(request)
    const kind = kindOf(job)
    if (kind?.again === undefined) throw notFound()
    const idempotencyKey = keyOf(new SentForm(request.body))
    const { owner, input } = job
    const again = await kind.again(input, { owner })
    if ('gone' in again) {
      const model = { gone: again.gone, job: jobOnPage(job, kind), form: `/jobs#${kind.name}` }
      return renderPage(request, reply, 'job-gone', model, { title: 'This cannot run again', status: 410 })
    }
    const start = () => again.start({ idempotencyKey })
    const started = await startJob(owner, { limit: starts, log: request.log }, start)
    if ('id' in started) return reply.redirect(jobPath(started.id), 303)
    const { problem, status, retryAfter } = started
    if (retryAfter !== undefined) throw new PageError(status, 'too many jobs were started', { retryAfter })
    request.messages.error(problem)
    return reply.redirect(jobPath(job.id), 303)
  })

  async function ownJob(request: FastifyRequest<Id>): Promise<JobView> {
    const job = await jobs.find(request.params.id, { owner: userOf(request).id })
    if (job === undefined) throw notFound()
    return job
  }

  function kindOf({ name }: JobView) {
    return kinds.find(kind => kind.name === name)
  }
}
