import type { Jobs, JobView } from '@tidings/jobs'
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import type { JobKind } from '../job-kinds/job-kind.ts'
import { jobOnPage } from '../job-page.ts'
import { JobStreams } from '../job-streams.ts'
import { usualTimeOf } from '../job-words.ts'
import { notFound, PageError } from '../page-error.ts'
import { userOf } from '../plugins/access.ts'
import type { Views } from '../views.ts'

const STREAMS_PER_USER = 5
const RETRY_AFTER_SECONDS = 15

/** `GET /jobs/:id/stream`: how a job goes, for its open page, as server-sent events until it has ended. */
export const jobStreamRoutes: FastifyPluginAsync<{
  jobs: Jobs
  kinds: readonly JobKind[]
  views: Views
}> = async (app, { jobs, kinds, views }) => {
  const streams = new JobStreams({ perUser: STREAMS_PER_USER })
  app.addHook('preClose', async () => streams.close())

  const config = { messages: false, background: true, quiet: true, isStream: true }
  app.get<{ Params: { id: string } }>(
    '/jobs/:id/stream',
    { config, exposeHeadRoute: false },
    async (request, reply) => {
      if (!isFromOwnSite(request)) throw new PageError(403, 'a stream was asked for by another site')
      const user = userOf(request).id
      const job = await jobs.find(request.params.id, { owner: user })
      if (job === undefined) throw notFound()
      if (streams.isFull)
        throw new PageError(503, 'too many streams are open', { retryAfter: RETRY_AFTER_SECONDS })
      const kind = kinds.find(({ name }) => name === job.name)
      const usual = await usualTimeOf(job, jobs)
      // The session has its secret: the page stands in front of somebody. A token is as good as any other of it.
      const csrf = reply.generateCsrf()
      if (!begin(reply)) return reply
      streams.open({
        response: reply.raw,
        user,
        states: signal =>
          rendered(jobs.follow(job.id, { owner: user, signal }), view =>
            views.jobState({ job: jobOnPage(view, kind), usual, csrf }),
          ),
      })
      return reply
    },
  )
}

async function* rendered(views: AsyncIterable<JobView>, render: (view: JobView) => string) {
  for await (const view of views) yield render(view)
}

/** Sends the head of a stream; false for a client that has gone already. */
function begin(reply: FastifyReply): boolean {
  reply.hijack()
  if (reply.raw.destroyed || reply.raw.closed) return false
  reply.raw.writeHead(200, {
    ...(reply.getHeaders() as Record<string, string>),
    'cache-control': 'private, no-store, no-transform',
    'content-type': 'text/event-stream',
    'x-accel-buffering': 'no',
    // A connection that has carried a stream would stay idle, and keep a closing server waiting.
    connection: 'close',
  })
  return true
}

/** Browsers say where a request comes from; other clients don't, and have no cookies that somebody could ride on. */
function isFromOwnSite({ headers }: FastifyRequest): boolean {
  const site = headers['sec-fetch-site']
  return site === undefined || site === 'same-origin'
}
