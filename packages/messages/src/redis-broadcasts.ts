import { createHash } from 'node:crypto'
import type { Cluster, Redis } from 'ioredis'
import { z } from 'zod'
import { broadcastWindow } from './broadcast-window.ts'
import type { NewMessage } from './message.ts'
import type { MessageCounters } from './message-counters.ts'
import { MessageList } from './message-list.ts'
import type { Broadcast, BroadcastWindow } from './message-store.ts'
import { decodeRecord, encodeMessage, recordId, windowOf } from './record.ts'
import { postReply, SCRIPTS, Script, token } from './script.ts'

/** How a broadcast is written. */
export interface BroadcastOptions extends BroadcastWindow {
  /** The same key writes one broadcast, however often it is asked for: as long as that one is there. */
  readonly idempotencyKey?: string
}

interface Options {
  prefixes: readonly string[]
  cap: number
  ttl: number
  counters: MessageCounters
}

/** The key that counts by id who has read a broadcast, in the shard with this prefix. */
export function seenKeyOf(prefix: string): string {
  return `${prefix}:seen:everyone`
}

/**
 * Everybody's list: one record a broadcast, however many read it. Each shard has it; the first shard's decides, and the others
 * are given what they lack whenever something changes.
 */
export class RedisBroadcasts {
  readonly #redis: Redis | Cluster
  readonly #options: Options
  /** As nobody in particular reads it. */
  readonly #list: MessageList
  /** Where the others are. */
  readonly #copies: readonly MessageList[]

  constructor(redis: Redis | Cluster, options: Options) {
    const [first = '', ...others] = options.prefixes
    this.#redis = redis
    this.#options = options
    this.#list = MessageList.everyone(first, 'nobody')
    this.#copies = others.map(prefix => MessageList.everyone(prefix, 'nobody'))
  }

  async write(message: NewMessage, { from, until, idempotencyKey }: BroadcastOptions): Promise<string> {
    const window = broadcastWindow({ from, until }, this.#options.ttl, Date.now())
    const encoded = encodeMessage(message)
    const mark = idempotencyKey === undefined ? token() : tokenOf(idempotencyKey)
    // The post itself knows the last ones only.
    const known = idempotencyKey === undefined ? undefined : await this.#find(hasToken(mark))
    const id = known === undefined ? await this.#post(encoded, window, mark) : recordId(known)
    await this.#copy()
    // What is left over by a failure goes with the next broadcast.
    await this.#forgetCounts().catch(() => {})
    return this.#list.idOf(id)
  }

  async withdraw(id: string): Promise<boolean> {
    // A shard that had not got it yet would get it later.
    await this.#copy()
    const record = await this.#find(record => this.#list.idOf(recordId(record)) === id)
    if (record === undefined) return false
    await Promise.all(this.#copies.map(copy => this.#remove(copy, record)))
    return this.#remove(this.#list, record)
  }

  async all(): Promise<Broadcast[]> {
    const lists = [this.#list, ...this.#copies]
    const [records, ...seen] = await Promise.all([
      this.#records(),
      ...lists.map(({ prefix }) => this.#redis.hgetall(seenKeyOf(prefix))),
    ])
    const now = Date.now()
    return records
      .flatMap(record => {
        const message = decodeRecord(record, this.#list)
        const { from, until } = windowOf(record)
        if (!message || until === undefined || until.getTime() <= now) return []
        const counts = seen.map(counts => Number(counts[recordId(record)] ?? 0))
        return [{ ...message, from, until, seen: counts.reduce((sum, count) => sum + count, 0) }]
      })
      .reverse()
  }

  /** Writes into the first shard's list; a post with this token that is there already isn't written again. */
  async #post(
    [key, , json]: ReturnType<typeof encodeMessage>,
    { from, until }: { from: Date | undefined; until: Date },
    token: string,
  ): Promise<string> {
    const { cap, ttl, counters } = this.#options
    const [now, ends] = [Date.now(), until.getTime()]
    const record = JSON.stringify({ ...JSON.parse(json), token })
    const args = [
      `+${token}`,
      cap,
      Math.max(ttl, ends - now),
      key,
      `${from?.getTime() ?? ''}:${ends}`,
      record,
    ]
    const reply = await SCRIPTS.post.run(this.#redis, [this.#list.list, stateKeyOf(this.#list)], args)
    const [dropped, id] = postReply.parse(reply)
    if (dropped >= 0) {
      counters.count('posted', 1)
      return id
    }
    const written = await this.#find(hasToken(token))
    if (written === undefined)
      throw new Error('This broadcast was written before, and has been withdrawn or replaced since')
    return recordId(written)
  }

  /** Gives each shard what it lacks: also what a process wrote that ended before it had told them all. */
  async #copy(): Promise<void> {
    if (this.#copies.length === 0) return
    const { list } = this.#list
    const [records, lasts] = contents.parse(await this.#redis.multi().lrange(list, 0, -1).pttl(list).exec())
    if (records.length === 0) return
    const args = [this.#options.cap, lasts, ...records]
    await Promise.all(this.#copies.map(copy => COPY.run(this.#redis, [copy.list, stateKeyOf(copy)], args)))
  }

  async #remove({ list, prefix }: MessageList, record: string): Promise<boolean> {
    const removed = await this.#redis.lrem(list, 1, record)
    await this.#redis.hdel(seenKeyOf(prefix), recordId(record))
    return removed === 1
  }

  /** Of broadcasts that are over: their records went when somebody's page met them. */
  async #forgetCounts(): Promise<void> {
    await Promise.all(
      [this.#list, ...this.#copies].map(async list => {
        const seen = seenKeyOf(list.prefix)
        const [records, counted] = await Promise.all([this.#records(list), this.#redis.hkeys(seen)])
        const known = new Set(records.map(recordId))
        const gone = counted.filter(id => !known.has(id))
        if (gone.length > 0) await this.#redis.hdel(seen, ...gone)
      }),
    )
  }

  async #find(isIt: (record: string) => boolean): Promise<string | undefined> {
    return (await this.#records()).find(isIt)
  }

  #records({ list } = this.#list): Promise<string[]> {
    return this.#redis.lrange(list, 0, -1)
  }
}

/** Gives a shard the records that it lacks. */
export const COPY = new Script('copy-broadcasts')

const contents = z
  .tuple([z.tuple([z.null(), z.array(z.string())]), z.tuple([z.null(), z.number()])])
  .transform(([[, records], [, lasts]]) => [records, lasts] as const)

/** What the scripts remember of the list itself: an owner's reading has their id behind it. */
function stateKeyOf({ prefix }: MessageList): string {
  return `${prefix}:reading:everyone`
}

/** As long as a token that is drawn. */
function tokenOf(idempotencyKey: string): string {
  return createHash('sha256').update(idempotencyKey).digest().subarray(0, 6).toString('base64url')
}

function hasToken(token: string): (record: string) => boolean {
  return record => record.endsWith(`,"token":"${token}"}`)
}
