import fastifyCookie from '@fastify/cookie'
import fastifyCsrfProtection from '@fastify/csrf-protection'
import fastifySession from '@fastify/session'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import type { Redis } from 'ioredis'
import { isUnsafe } from './own-site.ts'
import { RedisSessionStore } from './redis-session-store.ts'

declare module 'fastify' {
  interface FastifyReply {
    /** Ends the session for good, here and in the browser. */
    endSession(): Promise<void>
  }
  interface Session {
    /** Who is logged in. */
    userId?: string
    /** When the session was first kept, in milliseconds; the store sets it. */
    startedAt?: number
  }
}

export interface SessionOptions {
  redis: Redis
  /** Before each key in Redis. */
  prefix: string
  /** Signs the cookie; at least 32 characters. */
  secret: string
  /** Whether the site is reached by https: then the cookie is sent by https only. */
  secure: boolean
}

/**
 * Sessions in Redis, and a CSRF token asked of every request that could change something. Whoever only reads pages without
 * forms gets neither a session nor a cookie.
 */
export const session = fastifyPlugin<SessionOptions>(async (app, { redis, prefix, secret, secure }) => {
  const cookieName = secure ? '__Host-tidings' : 'tidings'
  const cookie = { secure, httpOnly: true, sameSite: 'lax', path: '/' } as const
  await app.register(fastifyCookie)
  await app.register(fastifySession, {
    secret,
    store: new RedisSessionStore({ redis, prefix }),
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
    await this.request.session.destroy()
    this.request.user = undefined
    this.clearCookie(cookieName, cookie)
  })
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
