import { readFileSync } from 'node:fs'
import type { Redis } from 'ioredis'
import { z } from 'zod'

const KEPT = 10_000

const newEntry = z.object({
  /** Who does it. */
  by: z.object({ id: z.string(), username: z.string() }),
  /** What is done: a noun and a verb, such as `message.send`. */
  action: z.string().max(40),
  /** To whom or what: names or ids, as far as they have room. */
  to: z.string().max(2000),
  /** How many it concerns. */
  count: z.int().min(0),
  /** The text that is sent, and its SHA-256: the text of a message may be gone when its digest is asked for. */
  text: z.string().max(2000).optional(),
  digest: z.string().max(64).optional(),
  /** The id of the request, as in the log. */
  request: z.string().max(100),
})

const ending = z.object({ outcome: z.enum(['done', 'failed']), note: z.string().max(500) })

/** What a member of staff is about to do. */
export type NewAuditEntry = z.input<typeof newEntry>

/** What a member of staff has done, or began to do: `begun` where nobody knows how it ended. */
export interface AuditEntry extends z.output<typeof newEntry> {
  readonly id: string
  readonly at: Date
  readonly outcome: 'begun' | 'done' | 'failed'
  /** How it ended, in words. */
  readonly note: string
}

const APPEND = readFileSync(new URL('../lua/append-audit.lua', import.meta.url), 'utf8')

/**
 * What staff do, in the order in which they began it: the last 10,000. An entry is written before anything is done, so that nothing
 * is done without one; how it ended is noted afterwards, and can't be changed.
 */
export class AuditLog {
  readonly #redis: Redis
  readonly #log: string
  readonly #endings: string
  readonly #kept: number

  /** @param options.kept how many entries; 10,000 by default */
  constructor({ redis, prefix, kept = KEPT }: { redis: Redis; prefix: string; kept?: number }) {
    this.#redis = redis
    this.#log = `${prefix}:audit`
    this.#endings = `${prefix}:audit-endings`
    this.#kept = kept
  }

  /** Notes that something begins. @returns the entry's id @throws a ZodError for an entry that can't be one */
  async begin(entry: NewAuditEntry): Promise<string> {
    const text = JSON.stringify(newEntry.parse(entry))
    return z.string().parse(await this.#redis.eval(APPEND, 2, this.#log, this.#endings, this.#kept, text))
  }

  /** Notes how it ended. Only the first time counts. */
  async end(id: string, outcome: 'done' | 'failed', note = ''): Promise<void> {
    const text = JSON.stringify({ outcome, note: note.slice(0, 500) })
    await this.#redis.hsetnx(this.#endings, id, text)
  }

  /** A page of the log, newest first, behind the entry with this id; `next` is where the page after it begins. */
  async page({ before, limit = 50 }: { before?: string | undefined; limit?: number } = {}): Promise<{
    entries: AuditEntry[]
    next?: string
  }> {
    const from = before !== undefined && /^\d{1,15}-\d{1,15}$/.test(before) ? `(${before}` : '+'
    const rows = await this.#redis.xrevrange(this.#log, from, '-', 'COUNT', limit + 1)
    const shown = rows.slice(0, limit)
    const ids = shown.map(([id]) => id)
    const endings = ids.length > 0 ? await this.#redis.hmget(this.#endings, ...ids) : []
    const entries = shown.map(([id, [, text = '']], i) => ({
      ...newEntry.parse(JSON.parse(text)),
      id,
      at: new Date(Number(id.split('-')[0])),
      ...endingOf(endings[i]),
    }))
    const last = ids.at(-1)
    return { entries, ...(rows.length > limit && last !== undefined && { next: last }) }
  }
}

function endingOf(text: string | null | undefined): Pick<AuditEntry, 'outcome' | 'note'> {
  return text ? ending.parse(JSON.parse(text)) : { outcome: 'begun', note: '' }
}
