import type { Jobs } from '@tidings/jobs'
import type { FastifyPluginAsync } from 'fastify'
import { renderPage } from '../../page.ts'
import { standing } from './standing.ts'

/** `GET /admin`: where everything is, and how it stands. */
export const startRoutes: FastifyPluginAsync<{ jobs: Jobs }> = async (app, { jobs }) => {
  app.get('/admin', async (request, reply) =>
    renderPage(request, reply, 'admin', { standing: await standing(jobs) }, { title: 'Staff area' }),
  )
}
