import { type Blog, passwordFault } from '@tidings/blog'
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { formText } from '../form-text.ts'
import type { LoginThrottle } from '../login-throttle.ts'
import { renderPage } from '../page.ts'
import { userOf } from '../plugins/access.ts'
import { logSecurity } from '../security-log.ts'
import { shownTime } from '../shown-time.ts'

/** Longer than any password may be: that it is too long is said in the form. */
const MAX_FIELD = 2000
const CHANGE_LIMIT = 30_000

const FAULTS = {
  'too short': 'Choose a password of at least 8 characters. 15 or more are better.',
  'too long': 'Choose a password of at most 1000 characters.',
  'too common': 'This is one of the first passwords that somebody would try. Choose another one.',
}

type Problems = Partial<Record<'currentPassword' | 'newPassword' | 'newPasswordAgain', string>>

/** `GET /account`; `POST /account/password`: another password; `POST /account/sessions/end`: out everywhere but here. */
export const accountRoutes: FastifyPluginAsync<{ users: Blog['users']; throttle: LoginThrottle }> = async (
  app,
  { users, throttle },
) => {
  app.get('/account', (request, reply) => accountPage(request, reply))

  app.post('/account/password', { config: { answersWithin: CHANGE_LIMIT } }, async (request, reply) => {
    const { username } = userOf(request)
    const field = (name: keyof Problems) => formText(request.body, name, { max: MAX_FIELD })
    const [current, wanted] = [field('currentPassword'), field('newPassword')]
    const fault = await passwordFault(wanted, username)
    if (fault !== undefined) return accountPage(request, reply, { newPassword: FAULTS[fault] })
    if (wanted !== field('newPasswordAgain'))
      return accountPage(request, reply, { newPasswordAgain: 'The new password was typed in two ways.' })

    // Who has found a browser that is logged in can't guess faster here than at the login.
    const who = {
      account: username,
      address: request.ip,
      isGone: () => request.isOver || request.socket.destroyed,
    }
    const answer = await throttle.attempt(who, async () => {
      const known = await users.authenticate(username, current)
      // What nobody is told of isn't done.
      return known && !request.isOver ? users.setPassword(known.id, wanted) : undefined
    })
    switch (answer.outcome) {
      case 'right':
        await reply.beginSession(answer.user)
        logSecurity(request, 'password changed')
        request.messages.success('Your password was changed. Everywhere else you are logged out.')
        return reply.redirect('/account', 303)
      case 'wrong':
        logSecurity(request, 'login failed')
        return accountPage(request, reply, { currentPassword: 'This is not your password.' })
      case 'throttled':
      case 'busy': {
        if (answer.outcome === 'throttled') logSecurity(request, 'login throttled')
        const problem = `Please try again in ${answer.retryAfter} seconds. Nothing was changed.`
        reply.header('retry-after', answer.retryAfter)
        const status = answer.outcome === 'busy' ? 503 : 429
        return accountPage(request, reply, { currentPassword: problem }, status)
      }
    }
  })

  app.post('/account/sessions/end', async (request, reply) => {
    const user = await users.endSessions(userOf(request).id)
    if (user !== undefined) await reply.beginSession(user)
    logSecurity(request, 'sessions ended')
    request.messages.success('You are logged out everywhere else.')
    return reply.redirect('/account', 303)
  })
}

function accountPage(
  request: FastifyRequest,
  reply: FastifyReply,
  problems: Problems = {},
  status = 422,
): Promise<FastifyReply> {
  const { username, role, createdAt } = userOf(request)
  const [problem] = Object.values(problems)
  const model = { account: { username, role, since: shownTime(createdAt) }, problems, problem }
  return renderPage(request, reply, 'account', model, {
    title: 'Your account',
    status: problem === undefined ? 200 : status,
  })
}
