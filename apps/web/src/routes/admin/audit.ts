import type { AuditEntry, Blog } from '@tidings/blog'
import type { FastifyPluginAsync } from 'fastify'
import { z } from 'zod'
import { renderPage } from '../../page.ts'
import { shownTime } from '../../shown-time.ts'

const PAGE = 50

const ACTIONS: Readonly<Record<string, string>> = {
  'message.send': 'Sent a message',
  'message.withdraw': 'Took a message back',
  'jobs.retry': 'Tried jobs again',
  'jobs.cancel': 'Cancelled jobs',
}

/** `GET /admin/audit`: what staff have done, newest first. */
export const auditRoutes: FastifyPluginAsync<{ blog: Blog }> = async (app, { blog: { audit } }) => {
  app.get('/admin/audit', async (request, reply) => {
    const { before } = querySchema.parse(request.query)
    const { entries, next } = await audit.page({ before, limit: PAGE })
    const model = {
      entries: entries.map(entryOnPage),
      older: next && `/admin/audit?before=${encodeURIComponent(next)}`,
      isFirst: before === undefined,
    }
    return renderPage(request, reply, 'admin-audit', model, { title: 'What staff have done' })
  })
}

const querySchema = z.object({ before: z.string().max(40).optional().catch(undefined) })

function entryOnPage({ at, by, action, to, text, digest, request, outcome, note }: AuditEntry) {
  return {
    time: shownTime(at),
    by: by.username,
    what: ACTIONS[action] ?? action,
    to,
    text,
    digest: digest?.slice(0, 16),
    request,
    outcome: { begun: 'Begun: how it ended is not known', done: 'Done', failed: 'Failed' }[outcome],
    tone: { begun: 'warning', done: 'success', failed: 'error' }[outcome],
    note,
  }
}
