import { randomUUID } from 'node:crypto'
import { InvalidInputError, type Jobs, KeyReusedError, TooManyJobsError } from '@tidings/jobs'
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { isStartable, type JobKind, type StartableJobKind } from '../job-kinds/job-kind.ts'
import { jobInList, jobOnPage, jobPath } from '../job-page.ts'
import { renderPage } from '../page.ts'
import { notFound, PageError } from '../page-error.ts'
import { userOf } from '../plugins/access.ts'
import { uploads } from '../plugins/uploads.ts'
import { SentForm } from '../sent-form.ts'

const UPLOAD_LIMIT = 110_000
const LISTED = 50

/** A form that couldn't be accepted. */
interface Refused {
  form: SentForm
  problems: Record<string, string>
  /** Its key belongs to another job already: it gets a new one. */
  isUsed?: boolean
}

/** `/jobs`, `/jobs/:name`, `/jobs/:id`, `/jobs/:id/cancel`, `/jobs/:id/retry`: starting jobs, and one's own. */
export const jobRoutes: FastifyPluginAsync<{ jobs: Jobs; kinds: readonly JobKind[] }> = async (
  app,
  { jobs, kinds },
) => {
  await app.register(uploads)

  app.get('/jobs', (request, reply) => jobsPage(request, reply))

  const slow = { handlerTimeout: UPLOAD_LIMIT }
  app.post<{ Params: { name: string } }>('/jobs/:name', slow, async (request, reply) => {
    const kind = kindOf(request.params.name)
    if (kind === undefined || !isStartable(kind)) throw notFound()
    const form = new SentForm(request.body)
    const problems = kind.problems(form)
    if (Object.keys(problems).length > 0) return jobsPage(request, reply, kind, { form, problems })
    try {
      const { id } = await kind.start(form, { owner: userOf(request).id, idempotencyKey: keyOf(form) })
      return reply.redirect(jobPath(id), 303)
    } catch (error) {
      const problem = problemOf(error)
      if (problem === undefined) throw error
      if (error instanceof InvalidInputError)
        request.log.warn({ err: error }, 'a form let through what its job refuses')
      const isUsed = error instanceof KeyReusedError
      return jobsPage(request, reply, kind, { form, problems: { '': problem }, isUsed })
    }
  })

  app.get<{ Params: { id: string } }>('/jobs/:id', async (request, reply) => {
    const job = await jobs.find(request.params.id, { owner: userOf(request).id })
    if (job === undefined) throw notFound()
    return renderPage(request, reply, 'job', { job: jobOnPage(job, kindOf(job.name)) }, { title: job.title })
  })

  app.post<{ Params: { id: string } }>('/jobs/:id/cancel', async (request, reply) => {
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

  app.post<{ Params: { id: string } }>('/jobs/:id/retry', async (request, reply) => {
    const { id } = request.params
    const owner = userOf(request).id
    if ((await jobs.find(id, { owner })) === undefined) throw notFound()
    if (await jobs.retry(id, { owner })) request.messages.info('The job is tried again.')
    else request.messages.warning('Only a job that has failed can be tried again.')
    return reply.redirect(jobPath(id), 303)
  })

  function kindOf(wanted: string): JobKind | undefined {
    return kinds.find(({ name }) => name === wanted)
  }

  async function jobsPage(request: FastifyRequest, reply: FastifyReply, kind?: JobKind, refused?: Refused) {
    const own = await jobs.list({ owner: userOf(request).id, limit: LISTED })
    const forms = kinds.filter(isStartable).map(each => formOnPage(each, each === kind ? refused : undefined))
    const model = { forms, jobs: own.map(job => jobInList(job, kindOf(job.name))) }
    return renderPage(
      request,
      reply,
      'jobs',
      model,
      refused ? { title: 'Jobs', status: 422 } : { title: 'Jobs' },
    )
  }
}

function formOnPage({ name, title, about, button, fields }: StartableJobKind, refused: Refused | undefined) {
  return {
    name,
    title,
    about,
    button,
    action: `/jobs/${name}`,
    hasFile: fields.some(({ kind }) => kind === 'file'),
    // Pressing twice starts one job: the key is the form's, and stays with it when it has to be corrected.
    idempotencyKey: (refused && !refused.isUsed && keyOf(refused.form)) || randomUUID(),
    problem: refused?.problems[''],
    fields: fields.map(field => ({
      ...field,
      id: `${name}-${field.name}`,
      value: field.kind === 'file' ? '' : (refused?.form.text(field.name, field.initial) ?? field.initial),
      problem: refused?.problems[field.name],
    })),
  }
}

/** What the person who sent the form can do about it; `undefined` for what is our fault. */
function problemOf(error: unknown): string | undefined {
  if (error instanceof InvalidInputError) return 'Please check what you entered.'
  if (error instanceof TooManyJobsError)
    return `You have ${error.limit} jobs that have not ended yet. Wait for one of them, or cancel one.`
  if (error instanceof KeyReusedError)
    return 'This form was sent before, with other values. Send it again if you want a second job.'
  return undefined
}

function keyOf(form: SentForm): string | undefined {
  const key = form.text('idempotencyKey')
  if (key === '') return undefined
  if (!/^[\w-]{1,100}$/.test(key)) throw new PageError(400, 'the idempotencyKey is none of ours')
  return key
}
