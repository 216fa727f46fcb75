import type { Blog } from '@tidings/blog'
import type { FastifyError, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { formText } from '../form-text.ts'
import type { LoginThrottle } from '../login-throttle.ts'
import { nextPath } from '../next-path.ts'
import { renderPage } from '../page.ts'
import { logSecurity } from '../security-log.ts'
import type { TypedForms } from '../typed-forms.ts'

const MAX_FIELD = 1000
/** Passwords are tried two at a time: of many at once the last waits long. */
const LOGIN_LIMIT = 30_000

const NO_MATCH = 'That name and password do not belong together.'
const TOO_OLD = 'This form had been open for too long. Please type your password once more.'
const BUSY = 'Many people are logging in just now. Please try again in a few seconds.'

interface LoginForm {
  username: string
  next: string
  problem?: string
  status?: number
}

/** `GET /login`, `POST /login`, `POST /logout`. The session gets a new id at each of the two. */
export const sessionRoutes: FastifyPluginAsync<{
  users: Blog['users']
  throttle: LoginThrottle
  typed: Pick<TypedForms, 'look'>
}> = async (app, { users, throttle, typed }) => {
  const open = { config: { access: 'open' } } as const

  app.get<{ Querystring: { next?: unknown } }>('/login', open, async (request, reply) => {
    const next = nextPath(request.query.next)
    if (request.user !== undefined) return reply.redirect(next, 303)
    return loginForm(request, reply, { username: '', next })
  })

  // The session in which a form's token was made ends after an hour without a login.
  const tooOld = async (error: FastifyError, request: FastifyRequest, reply: FastifyReply) => {
    if (!String(error.code).startsWith('FST_CSRF_')) throw error
    logSecurity(request, 'form refused', { err: error, status: 403 })
    return loginForm(request, reply, { ...sentLogin(request), problem: TOO_OLD, status: 403 })
  }
  const config = { ...open.config, answersWithin: LOGIN_LIMIT }
  const login = { config, errorHandler: tooOld }
  app.post('/login', login, async (request, reply) => {
    const { username, next } = sentLogin(request)
    const password = formText(request.body, 'password', { max: MAX_FIELD })
    const refuse = (status: number, problem: string) =>
      loginForm(request, reply, { username, next, problem, status })

    const who = {
      account: username,
      address: request.ip,
      isGone: () => request.isOver || request.socket.destroyed,
    }
    const answer = await throttle.attempt(who, () => users.authenticate(username, password))
    switch (answer.outcome) {
      case 'right':
        await reply.beginSession(answer.user)
        logSecurity(request, 'login')
        return reply.redirect(next, 303)
      case 'wrong':
        logSecurity(request, 'login failed')
        return refuse(422, NO_MATCH)
      case 'throttled':
        logSecurity(request, 'login throttled')
        reply.header('retry-after', answer.retryAfter)
        return refuse(429, `There were too many attempts. Please try again in ${answer.retryAfter} seconds.`)
      case 'busy':
        reply.header('retry-after', answer.retryAfter)
        return refuse(503, BUSY)
    }
  })

  // Whose session has ended elsewhere wants nothing more than that; their form's token ended with it.
  const onlyUsers = async (request: FastifyRequest, reply: FastifyReply) => {
    if (request.user === undefined) return reply.redirect('/', 303)
  }
  app.post('/logout', { ...open, onRequest: onlyUsers }, async (request, reply) => {
    logSecurity(request, 'logout')
    await reply.endSession()
    return reply.redirect('/', 303)
  })

  async function loginForm(
    request: FastifyRequest,
    reply: FastifyReply,
    { username, next, problem, status = 200 }: LoginForm,
  ): Promise<FastifyReply> {
    const kept = await typed.look(new URLSearchParams(next.split('?')[1]).get('typed') ?? undefined)
    const model = { username, next, problem, kept }
    return renderPage(request, reply, 'login', model, { title: 'Log in', hasForm: true, status })
  }
}

function sentLogin({ body }: FastifyRequest): Pick<LoginForm, 'username' | 'next'> {
  const next = nextPath(formText(body, 'next', { max: 2 * MAX_FIELD }))
  return { username: formText(body, 'username', { max: MAX_FIELD }).trim(), next }
}
