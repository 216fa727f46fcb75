import fastifyCookie from '@fastify/cookie'
import fastifyCsrfProtection from '@fastify/csrf-protection'
import fastifySession from '@fastify/session'
import type { Blog, Role, User } from '@tidings/blog'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { isUnsafe } from './own-site.ts'
import type { RedisSessionStore } from './redis-session-store.ts'

declare module 'fastify' {
  interface FastifyReply {
    /** Ends the session for good, here and in the browser. */
    endSession(): Promise<void>
    /** Logs somebody in: a session with a new id. The one from before is gone, and with it its id. */
    beginSession(user: User): Promise<void>
  }
  interface FastifyRequest {
    /** Puts the session's end off, unless a script asks by itself. */
    keepSession(): Promise<void>
  }
  interface FastifyContextConfig {
    /** Asked for by a page's script without a person doing anything: it doesn't put the session's end off. */
    background?: boolean
  }
  interface Session {
    /** Who is logged in. */
    userId?: string
    /** The user's epoch when they logged in: once they have another one, the session counts no more. */
    epoch?: number
    /** What they were allowed when the session got its id. */
    role?: Role
    /** When the session was first kept, in milliseconds; the store sets it. */
    startedAt?: number
    /** Whether it came from the store; the store sets it. */
    isStored?: boolean
  }
}

export interface SessionOptions {
  store: RedisSessionStore
  /** Told whose session has ended, so that what it has opened ends, too. */
  changes: Blog['users']['changes']
  /** Signs the cookie; at least 32 characters. */
  secret: string
  /** Whether the site is reached by https: then the cookie is sent by https only. */
  secure: boolean
}

/**
 * Sessions in Redis, and a CSRF token asked of every request that could change something. Whoever only reads pages without
 * forms gets neither a session nor a cookie.
 */
export const session = fastifyPlugin<SessionOptions>(async (app, { store, changes, secret, secure }) => {
  const cookieName = secure ? '__Host-tidings' : 'tidings'
  const cookie = { secure, httpOnly: true, sameSite: 'lax', path: '/' } as const
  await app.register(fastifyCookie)
  await app.register(fastifySession, {
    secret,
    store,
    cookieName,
    cookie: { ...cookie },
    saveUninitialized: false,
    rolling: false,
  })
  await app.register(fastifyCsrfProtection, {
    sessionPlugin: '@fastify/session',
    getToken: request => tokenIn(request.body),
  })
  app.decorateReply('endSession', async function (this: FastifyReply) {
    const { userId } = this.request.session
    await this.request.session.destroy()
    tellOf(userId)
    this.request.user = undefined
    this.clearCookie(cookieName, cookie)
    // What this browser has kept of pages, for its back button among others. Not "cookies": the next page may have set one.
    this.header('clear-site-data', '"cache", "storage"')
  })
  app.decorateReply('beginSession', async function (this: FastifyReply, user: User) {
    // Messages for this browser stay; their plugin takes care that only their first owner sees them.
    const before = this.request.session.userId
    await this.request.session.regenerate(['messages'])
    tellOf(before)
    const { id: userId, epoch, role } = user
    Object.assign(this.request.session, { userId, epoch, role })
    this.request.user = user
    // Made here, so that two tabs opened at once don't each make one.
    this.generateCsrf()
  })
  app.decorateRequest('keepSession', async function (this: FastifyRequest) {
    const { session, routeOptions } = this
    if (routeOptions.config.background !== true) await store.keep(session.sessionId, session)
  })
  // What nobody is told of ends a little later.
  function tellOf(userId: string | undefined): void {
    if (userId !== undefined) changes.tell(userId).catch(() => {})
  }
  // After the body was parsed, whoever parses it: the token stands in it.
  app.addHook('preHandler', (request, reply, done) => {
    if (isUnsafe(request.method)) app.csrfProtection(request, reply, done)
    else done()
  })
})

/**
 * Leaves the session as it is in Redis and in the browser: for the rest of this request nothing is read, written, set or
 * cleared, and nobody counts as logged in.
 */
export function leaveSession(request: FastifyRequest): void {
  Object.assign(request, { session: null, user: undefined })
}

function tokenIn(body: unknown): string {
  const token = typeof body === 'object' && body !== null && '_csrf' in body ? body._csrf : undefined
  return typeof token === 'string' ? token : ''
}
