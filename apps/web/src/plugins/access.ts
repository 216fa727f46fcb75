import type { Blog, User } from '@tidings/blog'
import type { FastifyReply, FastifyRequest, Session } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { nextPath } from '../next-path.ts'
import type { OwnAddress } from '../own-address.ts'
import { PageError } from '../page-error.ts'
import { isUnsafe } from './own-site.ts'
import type { RedisSessionStore } from './redis-session-store.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who is logged in, read from the store for this request. */
    user: User | undefined
    /** When that was read, by `performance.now()`. */
    userReadAt: number
  }
  interface FastifyContextConfig {
    /** `'open'`: visitors may come, too. Without it a page is for those who are logged in. */
    access?: 'open'
    /** Whether the page is served under any Host: for health checks. */
    anyHost?: boolean
  }
}

/** What arrives later than this, ms, is another moment than the one in which its request began. */
const AT_ONCE = 100
const KEPT = ['userId', 'epoch', 'startedAt', '_csrf', 'messages']

/**
 * Says who is logged in, and sends visitors of any page that isn't open to the login. Before that, no body is read but that of a form that is kept.
 * Who sends a form slowly is asked after again when it has arrived: they may have logged out since, or may less.
 */
export const access = fastifyPlugin<{
  users: Blog['users']
  sessions: Pick<RedisSessionStore, 'findMany'>
  address: OwnAddress
}>(async (app, { users, sessions, address }) => {
  app.decorateRequest('user', undefined)
  app.decorateRequest('userReadAt', 0)
  app.addHook('onRequest', async (request, reply) => {
    const { session } = request
    if (session.userId !== undefined) {
      const [user] = await Promise.all([userOfSession(session, users), request.keepSession()])
      request.user = user
      // One that counts no more is of no use to anybody; one whose user may more, or less, gets a new id.
      if (user === undefined) await session.regenerate()
      else if (session.role !== user.role && request.routeOptions.config.background !== true) {
        await session.regenerate(KEPT)
        request.session.role = user.role
      }
      request.userReadAt = performance.now()
    }
    if (isShut(request)) return leadToLogin(request, reply)
  })
  app.addHook('preHandler', async (request, reply) => {
    if (request.user === undefined || !isUnsafe(request.method)) return
    if (performance.now() - request.userReadAt < AT_ONCE) return
    const [session] = await sessions.findMany([request.session.sessionId])
    request.user = session ? await userOfSession(session, users) : undefined
    if (request.user === undefined) await request.session.regenerate()
    if (isShut(request)) return leadToLogin(request, reply)
  })
  app.addHook('onSend', async (request: FastifyRequest, reply: FastifyReply) => {
    if (request.user !== undefined || !reply.hasHeader('cache-control')) {
      reply.header('cache-control', 'private, no-store')
    }
  })

  // A form that was sent after the session ended leads back to its page: with what was typed, or the page that it stood on.
  async function leadToLogin(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const kept = isUnsafe(request.method) ? await request.keepTyped() : undefined
    return reply.redirect(loginPath(kept ?? pageOf(request, address)), 303)
  }
})

/**
 * Whom a session belongs to: nobody, once the account is gone or disabled, its password was changed, or it was logged out
 * everywhere. Whoever asks for as long as a stream lasts asks with a session that was loaded anew.
 */
export async function userOfSession(
  { userId, epoch = 0 }: Pick<Session, 'userId' | 'epoch'>,
  users: Blog['users'],
): Promise<User | undefined> {
  const user = userId === undefined ? undefined : await users.find(userId)
  return user === undefined || user.isDisabled || user.epoch !== epoch ? undefined : user
}

/**
 * Who is logged in, on a page that is for those only.
 * @throws PageError 404 where somehow nobody is.
 */
export function userOf(request: FastifyRequest): User {
  if (request.user === undefined) throw new PageError(404, 'a page for users was opened by nobody')
  return request.user
}

function isShut({ user, routeOptions }: FastifyRequest): boolean {
  return user === undefined && routeOptions.config.access !== 'open'
}

function loginPath(next: string): string {
  return next === '/' ? '/login' : `/login?next=${encodeURIComponent(next)}`
}

function pageOf(request: FastifyRequest, address: OwnAddress): string {
  return isUnsafe(request.method) ? refererPath(request, address) : nextPath(request.originalUrl)
}

function refererPath(request: FastifyRequest, address: OwnAddress): string {
  const { referer } = request.headers
  if (referer === undefined || !URL.canParse(referer)) return '/'
  const { origin, pathname, search } = new URL(referer)
  return address.isOwnOrigin(origin) ? nextPath(pathname + search) : '/'
}
