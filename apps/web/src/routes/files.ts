import { Readable } from 'node:stream'
import type { Blog, StoredFile } from '@tidings/blog'
import type { Jobs } from '@tidings/jobs'
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { attachment } from '../attachment.ts'
import type { JobKind } from '../job-kinds/job-kind.ts'
import { againOnPage, jobPath } from '../job-page.ts'
import { renderPage } from '../page.ts'
import { notFound } from '../page-error.ts'
import { userOf } from '../plugins/access.ts'

const TYPES = ['text/csv', 'application/json']
const FILE_ID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/
// As many as are listed at once.
const LOOKED_THROUGH = 200

/** `GET /files/:id`: a stored file, for its owner. Anybody else's looks like none. */
export const fileRoutes: FastifyPluginAsync<{
  files: Pick<Blog['files'], 'find' | 'read'>
  jobs: Jobs
  kinds: readonly JobKind[]
}> = async (app, { files, jobs, kinds }) => {
  app.get<{ Params: { id: string } }>(
    '/files/:id',
    { config: { messages: false } },
    async (request, reply) => {
      const owner = userOf(request).id
      const file = await files.find(request.params.id)
      if (file !== undefined) {
        if (file.owner !== owner) return gonePage(request, reply)
        reply.headers({
          'content-type': typeOf(file),
          'content-length': file.size,
          'content-disposition': attachment(file.name),
          'cache-control': 'private, no-store',
        })
        return reply.send(Readable.from(files.read(file.id), { objectMode: false }))
      }
      const job = await jobOfExpired(owner, request.originalUrl)
      if (job === undefined) return gonePage(request, reply)
      const model = { job: { href: jobPath(job.id), title: job.title, again: againOnPage(job.id) } }
      return renderPage(request, reply, 'expired', model, { title: 'This download has expired', status: 410 })
    },
  )

  // A job is kept for three days, and the message with its link for thirty. Whose a link was can't be known then, so all are told the same.
  async function gonePage(request: FastifyRequest<{ Params: { id: string } }>, reply: FastifyReply) {
    if (!FILE_ID.test(request.params.id)) throw notFound()
    return renderPage(request, reply, 'expired', {}, { title: 'This download is not here', status: 404 })
  }

  // Only a job of this person's says for certain that the file was once theirs.
  async function jobOfExpired(owner: string, href: string) {
    const own = await jobs.list({ owner, state: 'completed', limit: LOOKED_THROUGH })
    return own.find(job => {
      const kind = kinds.find(({ name }) => name === job.name)
      const download = job.state === 'completed' ? kind?.result(job.result).download : undefined
      return download?.isExpired === true && download.href === href
    })
  }
}

function typeOf({ type }: StoredFile): string {
  const [essence = ''] = type.split(';', 1)
  return TYPES.includes(essence) ? `${essence}; charset=utf-8` : 'application/octet-stream'
}
