import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { Cluster, Redis } from 'ioredis'
import { z } from 'zod'
import type { Message, NewMessage } from './message.ts'
import { MessageList } from './message-list.ts'
import type { Claim, InboxMessage, MessageStore, Reader, Recipient } from './message-store.ts'
import { decodeRecord, encodeMessage, recordId } from './record.ts'
import { Script } from './script.ts'

const SECOND = 1000
const DAY = 24 * 60 * 60 * SECOND

const optionsSchema = z.object({
  prefix: z.string().min(1).default('{tidings}'),
  cap: z.int().min(1).max(10_000).default(100),
  ttl: z
    .int()
    .min(SECOND)
    .default(30 * DAY),
  browserTtl: z.int().min(SECOND).default(DAY),
  lease: z
    .int()
    .min(100)
    .default(10 * SECOND),
})

/** Options of {@link RedisMessageStore}. */
export interface RedisMessageStoreOptions extends z.input<typeof optionsSchema> {
  /** A connection, which the store doesn't close. Give it a `commandTimeout`: a page waits for its messages. */
  redis: Redis | Cluster
  /**
   * Before every key; default `{tidings}`. The braces keep all lists in one slot of a Redis Cluster, together with the
   * queue of the jobs whose outcomes are posted here.
   */
  prefix?: string
  /** Messages kept for each user; default 100. Past it the oldest go: what was read first, then what was not. */
  cap?: number
  /** How long a user's list is kept after the last message in it, ms; default 30 days. */
  ttl?: number
  /** The same for a browser's list; default 1 day. */
  browserTtl?: number
  /** How long a page may hold messages before they are unread again, ms; default 10 s. */
  lease?: number
  /** Told of records that can't be read; they are skipped. */
  log?: { warn(facts: object, text: string): void }
}

/** The four scripts: their texts are part of the promise, and `@tidings/jobs` runs `post` inside BullMQ's own. */
export const SCRIPTS = {
  post: new Script('post'),
  claim: new Script('claim'),
  confirm: new Script('confirm'),
  release: new Script('release'),
}

/**
 * Messages in Redis: one list a user, which is their inbox, and one a browser. What the scripts do to them is written in
 * `lua/`: post, claim, confirm, release.
 * @throws TypeError for options out of range.
 */
export class RedisMessageStore implements MessageStore {
  readonly prefix: string
  readonly #redis: Redis | Cluster
  readonly #options: z.output<typeof optionsSchema>
  readonly #log: RedisMessageStoreOptions['log']

  constructor({ redis, log, ...options }: RedisMessageStoreOptions) {
    const checked = optionsSchema.safeParse(options)
    if (!checked.success) throw new TypeError(`RedisMessageStore: ${z.prettifyError(checked.error)}`)
    this.#redis = redis
    this.#log = log
    this.#options = checked.data
    this.prefix = checked.data.prefix
  }

  async post(to: Recipient, messages: NewMessage | readonly NewMessage[]): Promise<void> {
    const pairs = [messages].flat().flatMap(message => encodeMessage(message as NewMessage))
    if (pairs.length === 0) return
    const { keys, args } = this.postArguments(to, token())
    await SCRIPTS.post.run(this.#redis, keys, [...args, ...pairs])
  }

  /**
   * What the post script is given before its pairs of key and message ({@link encodeMessage}): for whoever runs it inside
   * a script of their own. Without a token the post must not be sent twice.
   */
  postArguments(
    to: Recipient,
    token = '',
  ): { keys: [list: string, reading: string]; args: [token: string, cap: string, ttl: string] } {
    const list = MessageList.of(this.prefix, to)
    return {
      keys: [list.list, list.reading],
      args: [token, String(this.#options.cap), String(this.#ttl(list))],
    }
  }

  async claim(reader: Reader, { limit }: { limit: number }): Promise<Claim | undefined> {
    const lists = MessageList.for(this.prefix, reader)
    if (lists.length === 0) return undefined
    const id = token()
    const { lease, ttl } = this.#options
    const keys = lists.flatMap(({ list, reading }) => [list, reading])
    const reply = claimReply.parse(
      await SCRIPTS.claim.run(this.#redis, keys, [id, limit === Infinity ? -1 : limit, lease, ttl]),
    )
    if (!reply) return undefined
    const [more = 0, ...dropped] = reply.slice(0, lists.length + 1).map(Number)
    const messages: Message[] = []
    const broken: string[] = []
    for (let i = lists.length + 1; i < reply.length; i += 2) {
      const list = lists[Number(reply[i]) - 1]
      const record = String(reply[i + 1])
      const message = list && decodeRecord(record, list)
      if (message) messages.push(message)
      else if (list) broken.push(list.idOf(recordId(record)))
    }
    const claim: HeldClaim = {
      id,
      reader,
      messages,
      more,
      dropped: dropped.reduce((sum, count) => sum + count, 0),
      until: Date.now() + lease,
      dropCounts: dropped,
      broken,
    }
    if (broken.length > 0)
      this.#log?.warn({ reader, records: broken }, 'skipped messages that can not be read')
    return claim
  }

  async confirm(claim: Claim, shown: Iterable<string>): Promise<void> {
    const held = claim as HeldClaim
    // What can't be read would otherwise be claimed by every page again, in place of what can.
    const ids = [...shown, ...held.broken]
    await this.#settle(claim, (list, index) =>
      SCRIPTS.confirm.run(
        this.#redis,
        [list.list, list.reading],
        [
          claim.id,
          list.isInbox ? '1' : '0',
          held.dropCounts[index] ?? 0,
          this.#ttl(list),
          ...list.recordIds(ids),
        ],
      ),
    )
  }

  async release(claim: Claim): Promise<void> {
    await this.#settle(claim, list => SCRIPTS.release.run(this.#redis, [list.reading], [claim.id]))
  }

  async inbox(owner: string): Promise<InboxMessage[]> {
    const list = MessageList.of(this.prefix, owner)
    const [records, reading] = await this.#read(list)
    const { watermark = '0', ...rest } = reading
    const open = Object.entries(rest)
      .filter(([field]) => field === 'unread' || field.startsWith('claim:'))
      .map(([, ids]) => ids)
      .join(' ')
    const messages: InboxMessage[] = []
    for (const record of records) {
      const message = decodeRecord(record, list)
      if (message) messages.push({ ...message, unread: message.id > watermark || open.includes(message.id) })
    }
    return messages.reverse()
  }

  /** Records and reading as they stood at one moment. */
  async #read({ list, reading }: MessageList): Promise<[string[], Record<string, string>]> {
    const replies = await this.#redis.multi().lrange(list, 0, -1).hgetall(reading).exec()
    const [records, fields] = (replies ?? []).map(([error, reply]) => {
      if (error) throw error
      return reply
    })
    return [z.array(z.string()).parse(records), z.record(z.string(), z.string()).parse(fields)]
  }

  /** Repeats a step that got no answer until it has one or the lease is over: then the messages are unread anyway. */
  async #settle(claim: Claim, step: (list: MessageList, index: number) => Promise<unknown>): Promise<void> {
    const lists = MessageList.for(this.prefix, claim.reader)
    const { until } = claim as HeldClaim
    for (let wait = 50; ; wait *= 2) {
      try {
        await Promise.all(lists.map(step))
        return
      } catch (error) {
        if (Date.now() + wait > until) throw error
        await pause(wait)
      }
    }
  }

  #ttl(list: MessageList): number {
    return list.isInbox ? this.#options.ttl : this.#options.browserTtl
  }
}

/** A claim with what its store must remember of it. */
interface HeldClaim extends Claim {
  readonly until: number
  readonly dropCounts: readonly number[]
  readonly broken: readonly string[]
}

const claimReply = z.array(z.union([z.string(), z.number()])).nullable()

function token(): string {
  return randomBytes(6).toString('base64url')
}
