import type { Jobs } from '@tidings/jobs'
import type { FastifyInstance, FastifyRequest } from 'fastify'

/** A user's jobs as JSON. Staff would leave `owner` out, and see anybody's. */
export function addJobPages(app: FastifyInstance, jobs: Jobs): void {
  const ownerOf = (request: FastifyRequest) => request.session.get('userId') ?? ''
  type Id = { Params: { id: string } }

  app.get('/jobs', async request => jobs.list({ owner: ownerOf(request), limit: 20 }))
  app.get<Id>('/jobs/:id', async (request, reply) => {
    const job = await jobs.find(request.params.id, { owner: ownerOf(request) })
    if (!job) return reply.code(404).send()
    const { title, state, outcome, reason, progress } = job
    return { title, state, outcome, reason, percent: Math.round((progress?.fraction ?? 0) * 100) }
  })
  app.post<Id>('/jobs/:id/cancel', async (request, reply) => {
    const answer = await jobs.cancel(request.params.id, { owner: ownerOf(request) })
    if (answer === 'unknown') return reply.code(404).send()
    if (answer === 'ended') return reply.code(409).send({ message: 'It has ended already.' })
    if (answer === 'scheduled') return reply.code(409).send({ message: 'End its schedule instead.' })
    return { message: answer === 'cancelled' ? 'It is cancelled.' : 'It is being stopped.' }
  })
  app.post<Id>('/jobs/:id/retry', async (request, reply) => {
    const isTried = await jobs.retry(request.params.id, { owner: ownerOf(request) })
    return reply.code(isTried ? 202 : 409).send()
  })
}
