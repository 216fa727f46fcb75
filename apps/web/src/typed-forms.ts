import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Redis } from 'ioredis'
import { z } from 'zod'

/** A form that was sent when its session was over. */
export interface TypedForm {
  /** Where it was sent to. */
  action: string
  texts: Record<string, string>
  /** It had a file, which isn't kept. */
  hasFile: boolean
}

const KEPT_FOR = 15 * 60_000
const KEPT_AT_ONCE = 5
/** The most that is kept of a form, in bytes. */
export const TYPED_BYTES = 512 * 1024

const entrySchema = z.object({
  id: z.string(),
  at: z.number(),
  action: z.string(),
  texts: z.record(z.string(), z.string()),
  hasFile: z.boolean(),
})

const TOKEN = /^([\w-]{22})\.([\w-]{22})$/
const MARK = /^([\w-]{22})([\w-]{22})$/

/**
 * Keeps what somebody typed into a form that was sent when its session was over, for 15 minutes: five forms of a user at most. Each form
 * carries the mark of the user for whom it was rendered, and only that user gets it back, once they have logged in. A mark that is
 * none of ours stores nothing, so visitors can't fill Redis.
 */
export class TypedForms {
  readonly #redis: Redis
  readonly #prefix: string
  readonly #secret: string

  /** @param options.secret makes marks that nobody else can make */
  constructor(options: { redis: Redis; prefix: string; secret: string }) {
    this.#redis = options.redis
    this.#prefix = options.prefix
    this.#secret = options.secret
  }

  /** What a form carries that is rendered for this user. */
  markOf(user: string): string {
    const reader = this.#digest('reader', user)
    return reader + this.#digest('mark', reader)
  }

  /** Whether a form was rendered for this user. */
  isFor(user: string, mark: string): boolean {
    const [own, given] = [Buffer.from(this.markOf(user)), Buffer.from(mark)]
    return own.length === given.length && timingSafeEqual(own, given)
  }

  /** Keeps a form for the user of this mark. @returns what gets it back; undefined where the mark is none of ours, or it is too large */
  async keep(mark: string, { action, texts, hasFile }: TypedForm): Promise<string | undefined> {
    const [, reader = '', sign = ''] = MARK.exec(mark) ?? []
    const expected = Buffer.from(this.#digest('mark', reader))
    if (reader === '' || !timingSafeEqual(expected, Buffer.from(sign))) return undefined
    const id = randomBytes(16).toString('base64url')
    const entry = JSON.stringify({ id, at: Date.now(), action, texts, hasFile })
    if (Buffer.byteLength(entry) > 2 * TYPED_BYTES) return undefined
    const key = this.#key(reader)
    const done = await this.#redis
      .multi()
      .lpush(key, entry)
      .ltrim(key, 0, KEPT_AT_ONCE - 1)
      .pexpire(key, KEPT_FOR)
      .exec()
    const fault = done?.find(([error]) => error !== null)?.[0]
    if (fault) throw fault
    return `${reader}.${id}`
  }

  /** A form that was kept, for its own user alone. */
  async find(token: unknown, user: string): Promise<TypedForm | undefined> {
    const [, reader] = TOKEN.exec(String(token)) ?? []
    return reader === this.#digest('reader', user) ? this.#read(token) : undefined
  }

  /** Whether there is such a form, whosever it is, and whether it had a file. */
  async look(token: unknown): Promise<Pick<TypedForm, 'hasFile'> | undefined> {
    const found = await this.#read(token)
    return found && { hasFile: found.hasFile }
  }

  async #read(token: unknown): Promise<TypedForm | undefined> {
    const [, reader, id] = TOKEN.exec(String(token)) ?? []
    if (reader === undefined) return undefined
    const entries = await this.#redis.lrange(this.#key(reader), 0, KEPT_AT_ONCE - 1)
    const found = entries
      .map(entry => entrySchema.safeParse(JSON.parse(entry)).data)
      .find(entry => entry?.id === id)
    return found && found.at + KEPT_FOR > Date.now() ? found : undefined
  }

  #digest(what: string, text: string): string {
    const hmac = createHmac('sha256', this.#secret).update(`typed-forms:${what}:${text}`)
    return hmac.digest('base64url').slice(0, 22)
  }

  #key(reader: string): string {
    return `${this.#prefix}:typed:${reader}`
  }
}
