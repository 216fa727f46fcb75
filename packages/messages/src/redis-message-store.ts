import { setTimeout as pause } from 'node:timers/promises'
import type { Cluster, Redis } from 'ioredis'
import { z } from 'zod'
import { contentsOf } from './list-contents.ts'
import type { Message, NewMessage } from './message.ts'
import { MessageCounters, type MessageCounts } from './message-counters.ts'
import { MessageList } from './message-list.ts'
import type {
  Broadcast,
  BroadcastWindow,
  Claim,
  InboxMessage,
  MessageStore,
  Reader,
  Recipient,
} from './message-store.ts'
import { decodeRecord, encodeMessage, recordId } from './record.ts'
import { RedisBroadcasts } from './redis-broadcasts.ts'
import { RedisHints } from './redis-hints.ts'
import { optionsSchema, type RedisMessageStoreOptions } from './redis-message-store-options.ts'
import { postReply, SCRIPTS, token } from './script.ts'

/**
 * Messages in Redis: one list a user, which is their inbox, one a browser, and one that everybody reads past a mark of their
 * own. What the scripts do to them is written in `lua/`: post, claim, confirm, release.
 * @throws TypeError for options out of range.
 */
export class RedisMessageStore implements MessageStore {
  readonly prefix: string
  readonly #redis: Redis | Cluster
  readonly #options: z.output<typeof optionsSchema>
  readonly #log: RedisMessageStoreOptions['log']
  readonly #counters: MessageCounters
  readonly #hints: RedisHints
  readonly #broadcasts: RedisBroadcasts

  constructor({ redis, log, onEvent, ...options }: RedisMessageStoreOptions) {
    const checked = optionsSchema.safeParse(options)
    if (!checked.success) throw new TypeError(`RedisMessageStore: ${z.prettifyError(checked.error)}`)
    this.#redis = redis
    this.#log = log
    this.#options = checked.data
    this.#counters = new MessageCounters(onEvent)
    this.#hints = new RedisHints(redis)
    this.prefix = checked.data.prefix
    this.#broadcasts = new RedisBroadcasts(redis, { ...checked.data, counters: this.#counters })
  }

  /** What this process has counted so far. */
  get counts(): MessageCounts {
    return this.#counters.counts
  }

  async post(to: Recipient, messages: NewMessage | readonly NewMessage[]): Promise<void> {
    const encoded = [messages].flat().map(message => encodeMessage(message as NewMessage))
    if (encoded.length === 0) return
    const { keys, args } = this.postArguments(to, token())
    const reply = await SCRIPTS.post.run(this.#redis, keys, [...args, ...encoded.flat()])
    const [dropped] = postReply.parse(reply)
    this.#counters.count('posted', encoded.length)
    this.#counters.count('dropped', dropped)
  }

  /**
   * What the post script is given before its triples ({@link encodeMessage}): for whoever runs it inside a script of their
   * own. Without a token the post must not be sent twice.
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
    const args = [id, limit === Infinity ? -1 : limit, lease, ttl, behind(reader)]
    const reply = claimReply.parse(await SCRIPTS.claim.run(this.#redis, keys, args))
    if (!reply) return undefined

    const [more = 0, expired = 0, ...dropped] = reply.slice(0, lists.length + 2).map(Number)
    this.#counters.count('expired', expired)
    const messages: Message[] = []
    const broken: string[] = []
    for (let i = lists.length + 2; i < reply.length; i += 2) {
      const list = lists[Number(reply[i]) - 1]
      const record = String(reply[i + 1])
      const message = list && decodeRecord(record, list)
      if (message) messages.push(message)
      else if (list) broken.push(list.idOf(recordId(record)))
    }
    if (messages.length + broken.length === 0) return undefined
    if (broken.length > 0)
      this.#log?.warn({ reader, records: broken }, 'skipped messages that can not be read')
    const held: HeldClaim = {
      id,
      reader,
      messages,
      more,
      dropped: dropped.reduce((sum, count) => sum + count, 0),
      until: Date.now() + lease,
      dropCounts: dropped,
      broken,
    }
    return held
  }

  async confirm(claim: Claim, shown: Iterable<string>): Promise<void> {
    const { id, reader, until, dropCounts, broken } = claim as HeldClaim
    // What can't be read would otherwise be claimed by every page again, in place of what can.
    const ids = [...shown, ...broken]
    await this.#settle(reader, until, (list, index) =>
      this.#confirm(list, id, ids, { told: dropCounts[index] ?? 0, reader }),
    )
  }

  async release(claim: Claim): Promise<void> {
    const { id, reader, until } = claim as HeldClaim
    await this.#settle(reader, until, async list => {
      const released = Number(await SCRIPTS.release.run(this.#redis, [list.reading], [id]))
      this.#counters.count('released', released)
    })
  }

  async unread(
    reader: Reader,
    { limit }: { limit: number },
  ): Promise<{ messages: readonly Message[]; more: number }> {
    const all = (await contentsOf(this.#redis, MessageList.for(this.prefix, reader), reader)).filter(
      ({ state }) => state === 'open',
    )
    all.sort((a, b) => (a.message.id < b.message.id ? -1 : 1))
    const messages = all.slice(0, limit).map(({ message }) => message)
    return { messages, more: all.length - messages.length }
  }

  async read(reader: Reader, ids: Iterable<string>): Promise<void> {
    const all = [...ids]
    await Promise.all(
      MessageList.for(this.prefix, reader).map(list => this.#confirm(list, '', all, { reader })),
    )
  }

  async inbox(owner: string, { since }: { since?: Date } = {}): Promise<InboxMessage[]> {
    const contents = await contentsOf(this.#redis, MessageList.for(this.prefix, { owner }), { since })
    return contents
      .map(({ message, state }) => ({ ...message, unread: state !== 'read' }))
      .sort((a, b) => (a.id < b.id ? 1 : -1))
      .slice(0, this.#options.cap)
  }

  async dismiss(owner: string, id: string): Promise<boolean> {
    const [own, everyone] = [MessageList.of(this.prefix, owner), MessageList.everyone(this.prefix, owner)]
    const gone =
      (await this.#confirm(own, '', [id], { fate: 'remove' })) +
      (await this.#confirm(everyone, '', [id], { fate: 'hide' }))
    return gone > 0
  }

  broadcast(message: NewMessage, window: BroadcastWindow = {}): Promise<string> {
    return this.#broadcasts.write(message, window)
  }

  withdraw(id: string): Promise<boolean> {
    return this.#broadcasts.withdraw(id)
  }

  broadcasts(): Promise<Broadcast[]> {
    return this.#broadcasts.all()
  }

  async watch(reader: Reader, hint: () => void): Promise<() => Promise<void>> {
    const channels = MessageList.for(this.prefix, reader).map(({ list }) => list)
    return this.#hints.watch(channels, hint)
  }

  /** @returns how many messages were removed or hidden. */
  async #confirm(
    list: MessageList,
    claim: string,
    ids: readonly string[],
    {
      told = 0,
      fate = list.kind === 'browser' ? 'remove' : 'keep',
      reader = {},
    }: { told?: number; fate?: Fate; reader?: Reader } = {},
  ): Promise<number> {
    const own = list.recordIds(ids)
    if (own.length === 0 && claim === '') return 0
    const keys = [list.list, list.reading, ...(list.kind === 'everyone' ? [this.#broadcasts.seenKey] : [])]
    const mark = list.kind === 'everyone' ? behind(reader).replace('-', '') : ''
    const args = [claim, fate, told, this.#ttl(list), mark, ...own]
    const [read, gone] = confirmReply.parse(await SCRIPTS.confirm.run(this.#redis, keys, args))
    this.#counters.count('shown', read)
    return gone
  }

  /** Repeats a step that got no answer until it has one or the lease is over: then the messages are unread anyway. */
  async #settle(
    reader: Reader,
    until: number,
    step: (list: MessageList, index: number) => Promise<unknown>,
  ): Promise<void> {
    const lists = MessageList.for(this.prefix, reader)
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
    return list.kind === 'browser' ? this.#options.browserTtl : this.#options.ttl
  }
}

/** What becomes of a message that was shown. */
type Fate = 'keep' | 'remove' | 'hide'

/** A claim with what its store must remember of it. */
interface HeldClaim extends Claim {
  readonly until: number
  readonly dropCounts: readonly number[]
  readonly broken: readonly string[]
}

const confirmReply = z.tuple([z.number(), z.number()])
const claimReply = z.array(z.union([z.string(), z.number()])).nullable()

/** The id behind which nothing of everybody's list is for this reader, as claim.lua takes it. */
function behind({ owner, since }: Reader): string {
  if (owner === undefined) return '-'
  return since === undefined ? '' : String(since.getTime() * 1000)
}
