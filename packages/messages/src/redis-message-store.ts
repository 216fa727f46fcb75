import type { Cluster, Redis } from 'ioredis'
import { z } from 'zod'
import { type HeldClaim, heldClaim } from './held-claim.ts'
import { contentsOf } from './list-contents.ts'
import type { Message, NewMessage } from './message.ts'
import { MessageCounters, type MessageCounts } from './message-counters.ts'
import { MessageList } from './message-list.ts'
import type { Broadcast, Claim, InboxMessage, MessageStore, Reader, Recipient } from './message-store.ts'
import { encodeMessage } from './record.ts'
import { type BroadcastOptions, RedisBroadcasts, seenKeyOf } from './redis-broadcasts.ts'
import { RedisHints } from './redis-hints.ts'
import { type MessageState, type MessageWindow, RedisKeyedMessages } from './redis-keyed-messages.ts'
import { optionsSchema, type RedisMessageStoreOptions } from './redis-message-store-options.ts'
import { postReply, SCRIPTS, token } from './script.ts'
import { Shards, shardOf } from './shards.ts'
import { SharedSteps } from './shared-steps.ts'
import { behind, takeFrom } from './taken.ts'
import { Unanswered } from './unanswered.ts'

// How long after its lease a page is still confirmed, ms: until another page has asked, it makes a difference.
const CONFIRMED_AFTER_LEASE = 60_000

/**
 * Messages in Redis: one list a user, which is their inbox, one a browser, and one that everybody reads past a mark of their
 * own. What the scripts do to them is written in `lua/`: post, claim, confirm, release.
 * @throws TypeError for options out of range.
 */
export class RedisMessageStore implements MessageStore {
  /** As it was given: before the shards' hash tag has got a number. */
  readonly prefix: string
  readonly #redis: Redis | Cluster
  readonly #options: z.output<typeof optionsSchema>
  readonly #log: RedisMessageStoreOptions['log']
  readonly #counters: MessageCounters
  readonly #onShown: RedisMessageStoreOptions['onShown']
  readonly #hints: RedisHints
  readonly #shards: Shards
  readonly #steps: SharedSteps
  readonly #broadcasts: RedisBroadcasts
  readonly #keyed: RedisKeyedMessages
  readonly #unanswered = new Unanswered()

  constructor({ redis, log, onEvent, onShown, ...options }: RedisMessageStoreOptions) {
    const checked = optionsSchema.safeParse(options)
    if (!checked.success) throw new TypeError(`RedisMessageStore: ${z.prettifyError(checked.error)}`)
    this.#redis = redis
    this.#log = log
    this.#options = checked.data
    this.#counters = new MessageCounters(onEvent)
    this.#onShown = onShown
    this.#hints = new RedisHints(redis)
    this.prefix = checked.data.prefix
    this.#shards = new Shards(redis, checked.data)
    this.#steps = new SharedSteps(redis, checked.data)
    const { prefixes } = this.#shards
    this.#broadcasts = new RedisBroadcasts(redis, { ...checked.data, prefixes, counters: this.#counters })
    this.#keyed = new RedisKeyedMessages(redis, this.#shards, { ...checked.data, counters: this.#counters })
  }

  /** How many shards there are. */
  get shards(): number {
    return this.#shards.count
  }

  /** What is before the keys of each shard, by its number. */
  get prefixes(): readonly string[] {
    return this.#shards.prefixes
  }

  /** The number of an owner's shard, from 0. */
  shardOf(owner: string): number {
    return shardOf(owner, this.shards)
  }

  /** What is before the keys of an owner's lists. */
  prefixOf(owner: string): string {
    return this.#shards.prefixOf(owner)
  }

  /**
   * Makes sure that what is stored was written with as many shards. Every step does so before it is the first; a process may
   * ask when it starts.
   * @throws ShardCountError, which names both numbers.
   */
  checkShards(): Promise<void> {
    return this.#shards.check()
  }

  /** What this process has counted so far. */
  get counts(): MessageCounts {
    return this.#counters.counts
  }

  async post(to: Recipient, messages: NewMessage | readonly NewMessage[]): Promise<void> {
    const encoded = [messages].flat().map(message => encodeMessage(message as NewMessage))
    if (encoded.length === 0) return
    await this.checkShards()
    // A browser's messages go when they were shown, and with them what is kept in their records.
    const { keys, args } = this.postArguments(to, typeof to === 'string' ? token() : `+${token()}`)
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
    const list = MessageList.of(this.#shards, to)
    return {
      keys: [list.list, list.reading],
      args: [token, String(this.#options.cap), String(this.#ttl(list))],
    }
  }

  /**
   * What comes before a user's id in the names of their list and its reading: for whoever names them inside a script of their own.
   * @param prefix of the user's shard, one of {@link prefixes}
   */
  listNames(prefix: string): { readonly list: string; readonly reading: string } {
    return MessageList.names(prefix)
  }

  async claim(reader: Reader, { limit }: { limit: number }): Promise<Claim | undefined> {
    const lists = this.#shards.isChecked ? MessageList.for(this.#shards, reader) : await this.#listsOf(reader)
    if (lists.length === 0) return undefined
    const { lease, ttl } = this.#options
    const id = token()
    // What a page has shown before an outage is read before the next one asks, also where its lease is over.
    this.#unanswered.hurry(lists)
    const taken = await takeFrom(this.#steps, lists, { id, reader, limit, lease, ttl })
    this.#counters.count('expired', taken.expired)
    if (taken.records.length === 0) return undefined
    const claim = heldClaim(taken, { id, reader, lists, lease })
    if (claim.broken.length > 0)
      this.#log?.warn({ reader, records: claim.broken }, 'skipped messages that can not be read')
    return claim
  }

  confirm(claim: Claim, shown: Iterable<string>): Promise<void> {
    const { id, reader, until, broken } = claim as HeldClaim
    // What can't be read would otherwise be claimed by every page again, in place of what can.
    const ids = [...shown, ...broken]
    return this.#settle(claim, until + CONFIRMED_AFTER_LEASE, ({ list, dropped }) =>
      this.#confirm(list, id, ids, { told: dropped, reader }),
    )
  }

  release(claim: Claim): Promise<void> {
    return this.#settle(claim, (claim as HeldClaim).until, async ({ list }) => {
      const released = Number(await this.#steps.run(list.prefix, 'release', [list.reading], [claim.id]))
      this.#counters.count('released', released)
    })
  }

  async unread(
    reader: Reader,
    { limit }: { limit: number },
  ): Promise<{ messages: readonly Message[]; more: number }> {
    const contents = await contentsOf(this.#redis, await this.#listsOf(reader), reader)
    const all = contents.filter(({ state }) => state === 'open')
    all.sort((a, b) => (a.message.id < b.message.id ? -1 : 1))
    const messages = all.slice(0, limit).map(({ message }) => message)
    return { messages, more: all.length - messages.length }
  }

  async read(reader: Reader, ids: Iterable<string>): Promise<void> {
    const all = [...ids]
    const lists = await this.#listsOf(reader)
    await Promise.all(lists.map(list => this.#confirm(list, '', all, { reader })))
  }

  async inbox(owner: string, { since }: { since?: Date } = {}): Promise<InboxMessage[]> {
    const contents = await contentsOf(this.#redis, await this.#listsOf({ owner }), { since })
    return contents
      .map(({ message, state }) => ({ ...message, unread: state !== 'read' }))
      .sort((a, b) => (a.id < b.id ? 1 : -1))
      .slice(0, this.#options.cap)
  }

  async dropped(owner: string): Promise<number> {
    const { reading } = MessageList.of(this.#shards, owner)
    await this.checkShards()
    return Number((await this.#redis.hget(reading, 'dropped')) ?? 0)
  }

  async dismiss(owner: string, id: string): Promise<boolean> {
    let gone = 0
    for (const list of await this.#listsOf({ owner }))
      gone += await this.#confirm(list, '', [id], { fate: list.kind === 'everyone' ? 'hide' : 'remove' })
    return gone > 0
  }

  /**
   * Writes one message for every owner: one record a shard, with one id for all of them. Where it fails half-way, the same call
   * with the same `idempotencyKey` completes it.
   * @returns the broadcast's id
   */
  async broadcast(message: NewMessage, options: BroadcastOptions = {}): Promise<string> {
    await this.checkShards()
    return this.#broadcasts.write(message, options)
  }

  async withdraw(id: string): Promise<boolean> {
    await this.checkShards()
    return this.#broadcasts.withdraw(id)
  }

  async broadcasts(): Promise<Broadcast[]> {
    await this.checkShards()
    return this.#broadcasts.all()
  }

  /**
   * Posts a message that has a key, unless the owner's list has one with it, read or unread: however often it is asked for, they
   * get it once.
   * @returns whether it was posted now
   * @throws TypeError for a message without a key, or a window that can't be.
   */
  async postOnce(owner: string, message: NewMessage, window: MessageWindow = {}): Promise<boolean> {
    return this.#keyed.post(owner, message, window)
  }

  /** What became of an owner's message with this key; `undefined` where it isn't there (any more), or ended unseen. */
  async stateOf(owner: string, key: string): Promise<MessageState | undefined> {
    return this.#keyed.stateOf(owner, key)
  }

  /** Takes a message back from an owner who hasn't seen it. @returns whether it was taken back */
  async takeBack(owner: string, key: string): Promise<boolean> {
    return this.#keyed.takeBack(owner, key)
  }

  /** Removes all that is stored of an owner, for one who is no more. Messages for their browsers go by themselves. */
  async forget(owner: string): Promise<void> {
    const lists = await this.#listsOf({ owner })
    const own = lists.filter(({ kind }) => kind === 'user').map(({ list }) => list)
    await this.#redis.del(...own, ...lists.map(({ reading }) => reading))
  }

  async watch(reader: Reader, hint: () => void): Promise<() => Promise<void>> {
    const channels = MessageList.for(this.#shards, reader).map(({ list }) => list)
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
    const keys = [list.list, list.reading, ...(list.kind === 'everyone' ? [seenKeyOf(list.prefix)] : [])]
    const mark = list.kind === 'everyone' ? behind(reader) : ''
    const args = [claim, fate, told, this.#ttl(list), mark, ...own]
    const reply = await this.#steps.run(list.prefix, 'confirm', keys, args)
    if (!isCounts(reply))
      throw new Error('Redis gave an answer to a confirm that is none of the script confirm')
    const [read, gone] = reply
    this.#counters.count('shown', read)
    if (this.#onShown && read > 0) for (const id of own.slice(-read)) this.#onShown(waitedSince(id))
    return gone
  }

  /** A step that got no answer is repeated until it has one, each list's by itself. */
  #settle(
    claim: Claim,
    until: number,
    step: (part: HeldClaim['parts'][number]) => Promise<unknown>,
  ): Promise<void> {
    const { parts } = claim as HeldClaim
    // Nobody will answer any more, or what is stored is not ours.
    const isHopeless = (error: unknown) =>
      this.#redis.status === 'end' || (error instanceof Error && error.message.startsWith('WRONGTYPE'))
    const settle = (part: HeldClaim['parts'][number]) =>
      this.#unanswered.repeat(part.list.reading, () => step(part), { until, isHopeless })
    const [first] = parts
    // By far most claims: all from one list.
    if (first && parts.length === 1) return settle(first)
    return Promise.all(parts.map(settle)).then(() => {})
  }

  async #listsOf(reader: Reader): Promise<MessageList[]> {
    if (!this.#shards.isChecked) await this.checkShards()
    return MessageList.for(this.#shards, reader)
  }

  #ttl(list: MessageList): number {
    return list.kind === 'browser' ? this.#options.browserTtl : this.#options.ttl
  }
}

/** What becomes of a message that was shown. */
type Fate = 'keep' | 'remove' | 'hide'

function isCounts(reply: unknown): reply is [number, number] {
  return Array.isArray(reply) && typeof reply[0] === 'number' && typeof reply[1] === 'number'
}

/** How long ago a message was written, ms: the id of its record is the time in microseconds. */
function waitedSince(recordId: string): number {
  return Math.max(0, Date.now() - Number(recordId) / 1000)
}
