import type { Blog } from '@tidings/blog'
import type { Jobs } from '@tidings/jobs'
import type { RedisMessageStore } from '@tidings/messages'
import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import type { JobKind } from '../../job-kinds/job-kind.ts'
import type { LoginThrottle } from '../../login-throttle.ts'
import { notFound } from '../../page-error.ts'
import { auditRoutes } from './audit.ts'
import { staffJobRoutes } from './jobs.ts'
import { staffMessageRoutes } from './messages.ts'
import { queueRoutes } from './queues.ts'
import { startRoutes } from './start.ts'

/** What the staff area is built of. */
export interface AdminOptions {
  blog: Blog
  store: RedisMessageStore
  jobs: Jobs
  kinds: readonly JobKind[]
  throttle: LoginThrottle
}

/**
 * Everything below `/admin`, for staff. `request.user` was read from the store for this very request, so whoever was staff a
 * moment ago isn't any more. To anybody else these pages aren't there, like what is somebody else's: a 403 would tell that
 * they are.
 */
export const adminRoutes: FastifyPluginAsync<AdminOptions> = async (app, options) => {
  const staffAlone = async ({ user }: FastifyRequest) => {
    if (user?.role !== 'staff') throw notFound()
  }
  app.addHook('onRequest', staffAlone)
  // Once more when a form has arrived, which may have taken its time.
  app.addHook('preHandler', staffAlone)
  await app.register(startRoutes, options)
  await app.register(staffMessageRoutes, options)
  await app.register(staffJobRoutes, options)
  await app.register(queueRoutes, options)
  await app.register(auditRoutes, options)
}
