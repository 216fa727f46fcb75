import type { FastifySessionOptions } from '@fastify/session'
import type { Session } from 'fastify'
import type { Redis } from 'ioredis'

type SessionStore = NonNullable<FastifySessionOptions['store']>
type Done = Parameters<SessionStore['set']>[2]

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE

export interface RedisSessionStoreOptions {
  redis: Redis
  /** Before each key; default `{tidings}`. */
  prefix?: string | undefined
  /** A logged-in session ends when nothing was asked for this long, in milliseconds; default 7 days. */
  idle?: number | undefined
  /** A session ends this long after it began, in milliseconds, however busy it is; default 30 days. */
  lifetime?: number | undefined
  /** A session of somebody who isn't logged in (it only holds a form's token) ends after this, in milliseconds; default 1 hour. */
  anonymous?: number | undefined
}

/** Keeps @fastify/session's sessions in Redis. Reading one doesn't put its end off: {@link keep} does. */
export class RedisSessionStore implements SessionStore {
  readonly #redis: Redis
  readonly #prefix: string
  readonly #idle: number
  readonly #lifetime: number
  readonly #anonymous: number

  constructor(options: RedisSessionStoreOptions) {
    this.#redis = options.redis
    this.#prefix = options.prefix ?? '{tidings}'
    this.#idle = options.idle ?? 7 * DAY
    this.#lifetime = options.lifetime ?? 30 * DAY
    this.#anonymous = options.anonymous ?? 60 * MINUTE
  }

  get(id: string, callback: (error: unknown, session?: Session | null) => void): void {
    this.#read(id).then(
      session => callback(null, session),
      error => callback(error),
    )
  }

  set(id: string, session: Session, callback: Done): void {
    this.#write(id, session).then(() => callback(), callback)
  }

  destroy(id: string, callback: Done): void {
    this.#redis.del(this.#key(id)).then(() => callback(), callback)
  }

  /** Puts off the end of a logged-in session, for which a person has asked. One that is gone stays gone. */
  async keep(id: string, session: Partial<Session>): Promise<void> {
    if (session.userId === undefined) return
    const left = this.#timeToLive(session)
    // Most page views only read: an end that is off by a hundredth doesn't matter.
    if ((await this.#redis.pttl(this.#key(id))) < left * 0.99) await this.#redis.pexpire(this.#key(id), left)
  }

  /** The sessions with these ids, in their order, by one command; `null` for one that has ended. */
  async findMany(ids: readonly string[]): Promise<(Session | null)[]> {
    if (ids.length === 0) return []
    const texts = await this.#redis.mget(ids.map(id => this.#key(id)))
    return texts.map(text => this.#sessionIn(text))
  }

  async #read(id: string): Promise<Session | null> {
    return this.#sessionIn(await this.#redis.get(this.#key(id)))
  }

  #sessionIn(text: string | null): Session | null {
    const session = text === null ? undefined : parse(text)
    return session === undefined || this.#timeToLive(session) <= 0 ? null : session
  }

  // What came from Redis may only be written over while it is still there: a slow request that began before a logout must not
  // bring the session back.
  async #write(id: string, session: Session): Promise<void> {
    const { cookie: _, ...kept } = session
    const stored = { ...kept, startedAt: kept.startedAt ?? Date.now(), isStored: true }
    const left = this.#timeToLive(stored)
    if (left <= 0) return
    const text = JSON.stringify(stored)
    if (kept.isStored) await this.#redis.set(this.#key(id), text, 'PX', left, 'XX')
    else await this.#redis.set(this.#key(id), text, 'PX', left)
  }

  #timeToLive(session: Partial<Session>): number {
    if (session.userId === undefined) return this.#anonymous
    const end = (session.startedAt ?? Date.now()) + this.#lifetime
    return Math.min(this.#idle, end - Date.now())
  }

  #key(id: string): string {
    return `${this.#prefix}:session:${id}`
  }
}

function parse(text: string): Session | undefined {
  try {
    const session: unknown = JSON.parse(text)
    return typeof session === 'object' && session !== null ? (session as Session) : undefined
  } catch {
    return undefined
  }
}
