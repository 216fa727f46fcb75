import type { Blog, User } from '@tidings/blog'
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { formText } from '../form-text.ts'
import { nextPath } from '../next-path.ts'
import { renderPage } from '../page.ts'

const NO_MATCH = 'That name and password do not belong together.'
const MAX_FIELD = 1000

/** `GET /login`, `POST /login`, `POST /logout`. The session gets a new id at each of the two. */
export const sessionRoutes: FastifyPluginAsync<{ users: Blog['users'] }> = async (app, { users }) => {
  const open = { config: { access: 'open' } } as const

  app.get<{ Querystring: { next?: unknown } }>('/login', open, async (request, reply) => {
    const next = nextPath(request.query.next)
    if (request.user !== undefined) return reply.redirect(next, 303)
    return loginForm(request, reply, { username: '', next, problem: undefined })
  })

  app.post('/login', open, async (request, reply) => {
    const username = formText(request.body, 'username', { max: MAX_FIELD }).trim()
    const password = formText(request.body, 'password', { max: MAX_FIELD })
    const next = nextPath(formText(request.body, 'next', { max: 2 * MAX_FIELD }))
    const user = await users.authenticate(username, password)
    if (user === undefined) {
      request.log.warn({ ip: request.ip }, 'login failed')
      return loginForm(request, reply, { username, next, problem: NO_MATCH })
    }
    await logIn(request, reply, user)
    return reply.redirect(next, 303)
  })

  app.post('/logout', open, async (request, reply) => {
    request.log.info({ user: request.user?.id }, 'logout')
    await reply.endSession()
    return reply.redirect('/', 303)
  })
}

async function logIn(request: FastifyRequest, reply: FastifyReply, user: User): Promise<void> {
  // Messages for this browser stay; the plugin takes care that only their first owner sees them.
  await request.session.regenerate(['messages'])
  request.session.userId = user.id
  // Made here, so that two tabs opened at once don't each make one.
  reply.generateCsrf()
  request.log.info({ user: user.id }, 'login')
}

function loginForm(
  request: FastifyRequest,
  reply: FastifyReply,
  model: { username: string; next: string; problem: string | undefined },
): Promise<FastifyReply> {
  return renderPage(request, reply, 'login', model, {
    title: 'Log in',
    hasForm: true,
    status: model.problem === undefined ? 200 : 422,
  })
}
