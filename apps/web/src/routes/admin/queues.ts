import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { createBullBoard } from '@bull-board/api'
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter'
import type { Jobs } from '@tidings/jobs'
import type { FastifyPluginAsync } from 'fastify'
import { notFound, PageError } from '../../page-error.ts'
import { ASSETS } from '../../plugins/assets.ts'
import { BoardAdapter } from './board-adapter.ts'

const PATH = '/admin/queues'

// As strict as that of all pages, but for the base that the page of @bull-board/ui needs.
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'self'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** `/admin/queues/`: what BullMQ holds, by @bull-board. It only looks: to try again and to cancel are on the pages of jobs. */
export const queueRoutes: FastifyPluginAsync<{ jobs: Jobs }> = async (app, { jobs }) => {
  const board = new BoardAdapter()
  const { queues } = jobs
  createBullBoard({
    queues: queues.map((queue, shard) => {
      const among = { prefix: `${shard}-`, displayName: `${queue.name}, shard ${shard}` }
      return new BullMQAdapter(queue, { readOnlyMode: true, ...(queues.length > 1 && among) })
    }),
    serverAdapter: board,
    options: {
      uiBasePath: dirname(createRequire(import.meta.url).resolve('@bull-board/ui/package.json')),
      uiConfig: {
        boardTitle: 'Queues',
        miscLinks: [{ text: 'Staff area', url: '/admin' }],
        hideDocsLink: true,
        // Either asks Redis for more than a web process need know: INFO, CLIENT LIST.
        hideRedisDetails: true,
        showWorkers: false,
      },
    },
  })
  const page = board.page(`${PATH}/`, ASSETS.board)
  const quiet = { config: { messages: false }, exposeHeadRoute: false } as const

  app.get(PATH, quiet, (_, reply) => reply.redirect(`${PATH}/`, 303))
  for (const route of board.pages)
    app.get(`${PATH}${route}`, quiet, (_, reply) =>
      reply.header('content-security-policy', POLICY).type('text/html; charset=utf-8').send(page),
    )
  for (const { route, ask } of board.questions)
    app.get<{ Params: Record<string, string>; Querystring: Record<string, string> }>(
      `${PATH}${route}`,
      quiet,
      async ({ params, query }, reply) => {
        const { status = 200, body } = await ask({ params, query })
        return reply.code(status).send(body)
      },
    )
  app.get<{ Params: { '*': string } }>(`${PATH}/static/*`, quiet, (request, reply) => {
    const file = request.params['*']
    if (!/^[\w-]+(\/[\w.-]+)*$/.test(file) || file.includes('..')) throw notFound()
    return reply.sendFile(file, board.files)
  })
  app.route({
    method: ['POST', 'PUT', 'PATCH', 'DELETE'],
    url: `${PATH}/*`,
    handler: async () => {
      throw new PageError(405, 'the dashboard of the queues is for looking alone')
    },
  })
}
