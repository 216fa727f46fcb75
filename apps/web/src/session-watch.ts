import type { Blog, User } from '@tidings/blog'
import type { FastifyBaseLogger, Session } from 'fastify'
import type { RedisSessionStore } from './plugins/redis-session-store.ts'

const SECOND = 1000
/** So often all are looked at, though nobody has hinted: far below the five seconds within which a stream ends. */
export const RECHECK = 2 * SECOND
/** In one command. */
const AT_ONCE = 500

/** Something that lasts no longer than the session on whose word it began. */
export interface Watched {
  readonly sessionId: string
  /** As they were when it began. */
  readonly user: Pick<User, 'id' | 'epoch' | 'role'>
  end(): void
}

/** What {@link SessionWatch} is made of. */
export interface SessionWatchOptions {
  sessions: Pick<RedisSessionStore, 'findMany'>
  users: Pick<Blog['users'], 'findMany' | 'changes'>
  /** How often to look without a hint, ms. */
  recheck?: number | undefined
  log: Pick<FastifyBaseLogger, 'debug'>
}

/**
 * Ends what was begun on the word of a session when that has ended, or its user may more, or less: at once where a hint tells of
 * it, and within two seconds where none came. However many there are, looking costs two commands for 500 of them.
 */
export class SessionWatch {
  readonly #options: SessionWatchOptions
  readonly #recheck: number
  readonly #watched = new Set<Watched>()
  readonly #due = new Set<string>()
  #isAllDue = false
  #isLooking = false
  #timer: NodeJS.Timeout | undefined
  #hints: 'none' | 'asked' | (() => void) = 'none'
  #isClosed = false

  constructor(options: SessionWatchOptions) {
    this.#options = options
    this.#recheck = options.recheck ?? RECHECK
  }

  /** @returns what says that it is over by itself */
  watch(watched: Watched): () => void {
    this.#watched.add(watched)
    this.#plan()
    void this.#listen()
    return () => void this.#watched.delete(watched)
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
    if (typeof this.#hints === 'function') this.#hints()
    this.#watched.clear()
  }

  // Not all processes at the same moment.
  #plan(): void {
    if (this.#isClosed || this.#timer !== undefined || this.#watched.size === 0) return
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined
        this.#told(undefined)
        void this.#listen()
        this.#plan()
      },
      this.#recheck * (0.75 + Math.random() / 4),
    ).unref()
  }

  async #listen(): Promise<void> {
    if (this.#hints !== 'none' || this.#isClosed) return
    this.#hints = 'asked'
    try {
      const leave = await this.#options.users.changes.watch(id => this.#told(id))
      if (this.#isClosed) leave()
      else this.#hints = leave
    } catch {
      this.#hints = 'none' // Redis is away: it is asked for again
    }
  }

  #told(id: string | undefined): void {
    if (id === undefined) this.#isAllDue = true
    else this.#due.add(id)
    if (!this.#isLooking) void this.#look()
  }

  async #look(): Promise<void> {
    this.#isLooking = true
    while (this.#isAllDue || this.#due.size > 0) {
      const all = [...this.#watched]
      const some = this.#isAllDue ? all : all.filter(({ user }) => this.#due.has(user.id))
      this.#isAllDue = false
      this.#due.clear()
      try {
        for (let at = 0; at < some.length; at += AT_ONCE) await this.#lookAt(some.slice(at, at + AT_ONCE))
      } catch (err) {
        this.#options.log.debug({ err }, 'sessions with open streams could not be looked at')
      }
    }
    this.#isLooking = false
  }

  async #lookAt(some: readonly Watched[]): Promise<void> {
    const { sessions, users } = this.#options
    const [sessionOf, userOf] = await Promise.all([
      found(
        some.map(({ sessionId }) => sessionId),
        ids => sessions.findMany(ids),
      ),
      found(
        some.map(({ user }) => user.id),
        ids => users.findMany(ids),
      ),
    ])
    for (const watched of some)
      if (!counts(watched, sessionOf.get(watched.sessionId), userOf.get(watched.user.id))) watched.end()
  }
}

async function found<T>(ids: string[], find: (ids: string[]) => Promise<T[]>): Promise<Map<string, T>> {
  const different = [...new Set(ids)]
  const all = await find(different)
  return new Map(all.map((each, i) => [different[i] ?? '', each]))
}

function counts({ user }: Watched, session: Session | null | undefined, now: User | undefined): boolean {
  if (!session || session.userId !== user.id || (session.epoch ?? 0) !== user.epoch) return false
  return now !== undefined && !now.isDisabled && now.epoch === user.epoch && now.role === user.role
}
