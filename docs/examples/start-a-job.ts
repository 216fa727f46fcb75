import type { FastifyInstance } from 'fastify'
import type { Redis } from 'ioredis'
import { jobsOn, sendInvitations } from './jobs.ts'

// In the web process: enqueue for somebody. The answer is quick; how it ended is told when it has.
export function addRoutes(app: FastifyInstance, redis: Redis): void {
  const jobs = jobsOn(redis)
  app.post<{ Body: { addresses: string[]; key: string } }>('/invitations', async (request, reply) => {
    const owner = request.session.get('userId')
    if (!owner) return reply.code(401).send()
    const { addresses, key } = request.body
    const { id } = await jobs.enqueue(sendInvitations, { addresses }, { owner, idempotencyKey: key })
    return reply.redirect(`/jobs/${id}`, 303)
  })
  app.addHook('onClose', () => jobs.close())
}
