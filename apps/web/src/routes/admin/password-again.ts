import type { Blog } from '@tidings/blog'
import type { FastifyRequest } from 'fastify'
import { formText } from '../../form-text.ts'
import type { LoginThrottle } from '../../login-throttle.ts'
import { userOf } from '../../plugins/access.ts'
import { logSecurity } from '../../security-log.ts'

declare module 'fastify' {
  interface Session {
    /** When the password was last typed again for something that asks for it, in milliseconds. */
    passwordAt?: number
  }
}

const MINUTE = 60_000
const HOLDS = 10 * MINUTE
const MAX_FIELD = 1000

/** Whether the password has to be typed again: the last time was more than ten minutes ago, or another browser's. */
export function needsPassword({ session: { passwordAt = 0 } }: FastifyRequest): boolean {
  return Date.now() - passwordAt > HOLDS
}

/** Checks the password in a form, where one is needed. @returns what is wrong with it */
export async function passwordProblem(
  request: FastifyRequest,
  { users, throttle }: { users: Blog['users']; throttle: LoginThrottle },
): Promise<string | undefined> {
  if (!needsPassword(request)) return undefined
  const password = formText(request.body, 'password', { max: MAX_FIELD })
  if (password === '') return 'Type your password.'
  const { username: account } = userOf(request)
  const who = { account, address: request.ip, isGone: () => request.isOver || request.socket.destroyed }
  const answer = await throttle.attempt(who, () => users.authenticate(account, password))
  switch (answer.outcome) {
    case 'right':
      request.session.passwordAt = Date.now()
      return undefined
    case 'wrong':
      logSecurity(request, 'login failed')
      return 'This is not your password.'
    case 'throttled':
      logSecurity(request, 'login throttled')
      return `There were too many attempts. Please try again in ${answer.retryAfter} seconds.`
    case 'busy':
      return `Please try again in ${answer.retryAfter} seconds.`
  }
}
