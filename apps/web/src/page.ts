import type { FastifyReply, FastifyRequest } from 'fastify'
import { levelWord } from './level-word.ts'
import { ASSETS } from './plugins/assets.ts'

/** What the layout needs of a page beside the page's own model. */
export interface PageOptions {
  /** The page's name, in its heading and in the browser's tab. */
  title: string
  /** Whether visitors get a form on this page, and so a session for its token; default no. */
  hasForm?: boolean
  /** The status; default 200. */
  status?: number
}

/** Renders `views/<view>.pug` in the layout. The model's fields are the template's variables: only fixed names, never a form's. */
export async function renderPage(
  request: FastifyRequest,
  reply: FastifyReply,
  view: string,
  model: object,
  { title, hasForm = false, status = 200 }: PageOptions,
): Promise<FastifyReply> {
  const { user } = request
  const csrf = hasForm || user !== undefined ? reply.generateCsrf() : undefined
  reply.code(status)
  const html = await reply.viewAsync(view, {
    ...model,
    assets: ASSETS,
    title,
    csrf,
    user: user && { username: user.username, isStaff: user.role === 'staff' },
    levelWord,
    path: request.originalUrl.split('?', 1)[0],
    isDemo: request.server.isDemo,
  })
  return reply.type('text/html; charset=utf-8').send(withoutControls(html))
}

// Escaping leaves them: a page may be read in a terminal, or be copied from. Line ends and tabs are harmless.
function withoutControls(html: string): string {
  return html.replace(/[^\P{Cc}\t\n\r]/gu, '\ufffd')
}

declare module 'fastify' {
  interface FastifyInstance {
    /** Whether this is the demonstration, with its own accounts and pages. */
    isDemo: boolean
  }
}
