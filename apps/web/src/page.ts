import { readerMark, type ViewMessages } from '@tidings/messages/fastify'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { levelWord } from './level-word.ts'
import { closeLabel, notices } from './notices.ts'
import { ASSETS } from './plugins/assets.ts'

/** What the layout needs of a page beside the page's own model. */
export interface PageOptions {
  /** The page's name, in its heading and in the browser's tab. */
  title: string
  /** Whether visitors get a form on this page, and so a session for its token; default no. */
  hasForm?: boolean
  /** The status; default 200. */
  status?: number
  /**
   * Whether messages come to this page while it is open, where somebody is logged in; by default where the page shows messages.
   * Those up to `after` aren't news to its reader.
   */
  live?: boolean | { after: Date | undefined }
}

/** Renders `views/<view>.pug` in the layout. The model's fields are the template's variables: only fixed names, never a form's. */
export async function renderPage(
  request: FastifyRequest,
  reply: FastifyReply,
  view: string,
  model: object,
  { title, hasForm = false, status = 200, live }: PageOptions,
): Promise<FastifyReply> {
  const { user } = request
  const path = request.originalUrl.split('?', 1)[0] ?? ''
  const csrf = hasForm || user !== undefined ? reply.generateCsrf() : undefined
  reply.code(status)
  const html = await reply.viewAsync(view, {
    ...model,
    assets: ASSETS,
    title,
    csrf,
    formMark: user && request.server.formMark(user.id),
    user: user && { username: user.username, isStaff: user.role === 'staff' },
    levelWord,
    closeLabel,
    notices: (messages: ViewMessages) => notices(messages, path),
    live: user && liveRegion(user.id, status, live ?? request.routeOptions.config.messages !== false),
    path,
    isDemo: request.server.isDemo,
  })
  return reply.type('text/html; charset=utf-8').send(withoutControls(html))
}

// Escaping leaves them: a page may be read in a terminal, or be copied from. Line ends and tabs are harmless.
function withoutControls(html: string): string {
  return html.replace(/[^\P{Cc}\t\n\r]/gu, '\ufffd')
}

/** What the page's script is told; undefined where no messages come to the page. */
function liveRegion(owner: string, status: number, live: NonNullable<PageOptions['live']>) {
  // A form that was refused has something to say itself.
  if (live === false || status >= 300) return undefined
  const now = new Date()
  return {
    reader: readerMark(owner),
    /** Of what was there before, only as much is shown as a page shows. */
    after: ({ more = 0 }: Partial<ViewMessages> = {}) => {
      const after = typeof live === 'object' ? live.after : more > 0 ? now : undefined
      return after?.toISOString()
    },
  }
}

declare module 'fastify' {
  interface FastifyInstance {
    /** Whether this is the demonstration, with its own accounts and pages. */
    isDemo: boolean
  }
}
