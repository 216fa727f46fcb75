import type { FastifyError, FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { logSecurity } from '../security-log.ts'
import { sentFields } from '../sent-fields.ts'
import { TYPED_BYTES, type TypedForm, type TypedForms } from '../typed-forms.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /**
     * Where the form that is sent to this route stands. Sent when its session is over, it is kept, and its page has what was typed
     * once its user has logged in. Its page carries `_for`.
     */
    formPage?(params: Record<string, string>): string
  }
  interface FastifyInstance {
    /** What a form carries that is rendered for a user. */
    formMark(user: string): string
  }
  interface FastifyRequest {
    /** Keeps the form of this request. @returns the address of its page, which gets it back for its user; undefined where it can't be kept */
    keepTyped(): Promise<string | undefined>
    /** What was typed into the form of this page before its session was over, and sent to `actions`. */
    typedBefore(isAction: (action: string) => boolean): Promise<TypedForm | undefined>
  }
}

/** For as long a visitor's form is waited for. */
const WITHIN = 5000
const NOT_KEPT = ['_csrf', '_for', 'password']

/** Has what was typed survive the end of its session: a form is never carried out then, but filled in again. */
export const typedAgain = fastifyPlugin<{ typed: TypedForms }>(async (app, { typed }) => {
  app.decorate('formMark', (user: string) => typed.markOf(user))

  app.decorateRequest('keepTyped', async function (this: FastifyRequest) {
    const page = this.routeOptions.config.formPage?.(Object(this.params))
    if (page === undefined) return undefined
    const { texts, isWhole, hasFile } = await sentFields(this, { within: WITHIN, maxBytes: TYPED_BYTES })
    if (!isWhole && !hasFile) return undefined
    const { _for: mark = '' } = texts
    const kept = Object.fromEntries(Object.entries(texts).filter(([name]) => !NOT_KEPT.includes(name)))
    const token = await typed.keep(mark, { action: this.originalUrl, texts: kept, hasFile })
    return token && `${page}?typed=${token}`
  })

  app.decorateRequest('typedBefore', async function (this: FastifyRequest, isAction) {
    const { typed: token } = Object(this.query) as { typed?: unknown }
    if (token === undefined || this.user === undefined) return undefined
    const found = await typed.find(token, this.user.id)
    return found && isAction(found.action) ? found : undefined
  })

  // Somebody has logged in anew, in another tab, since their form was rendered: its token is that of the session before.
  app.setErrorHandler<FastifyError>(async (error, request, reply) => {
    const { user } = request
    if (user === undefined || !String(error.code).startsWith('FST_CSRF_')) throw error
    if (request.routeOptions.config.formPage === undefined) throw error
    const { texts } = await sentFields(request)
    const page = typed.isFor(user.id, texts._for ?? '') ? await request.keepTyped() : undefined
    if (page === undefined) throw error
    logSecurity(request, 'form refused', { err: error, status: 303 })
    return reply.redirect(page, 303)
  })
})

/** What a form says that is filled in again. */
export function againWords({ hasFile }: Pick<TypedForm, 'hasFile'>): string {
  const file = hasFile ? ' Only the file could not be kept: choose it again.' : ''
  return `You have logged in anew since you opened this form, so nothing was done yet. What you typed is here again: look it through, and press the button once more.${file}`
}
