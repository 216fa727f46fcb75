import type { Cluster, Redis } from 'ioredis'
import { broadcastWindow } from './broadcast-window.ts'
import type { NewMessage } from './message.ts'
import type { MessageCounters } from './message-counters.ts'
import { MessageList } from './message-list.ts'
import type { Broadcast, BroadcastWindow } from './message-store.ts'
import { decodeRecord, encodeMessage, recordId, windowOf } from './record.ts'
import { postReply, SCRIPTS, token } from './script.ts'

/** Everybody's list: one record a broadcast, however many read it. */
export class RedisBroadcasts {
  /** Counts by id who has read a broadcast. */
  readonly seenKey: string
  readonly #redis: Redis | Cluster
  readonly #options: { prefix: string; cap: number; ttl: number; counters: MessageCounters }
  /** As nobody in particular reads it. */
  readonly #list: MessageList

  constructor(
    redis: Redis | Cluster,
    options: { prefix: string; cap: number; ttl: number; counters: MessageCounters },
  ) {
    this.#redis = redis
    this.#options = options
    this.#list = MessageList.everyone(options.prefix, 'nobody')
    this.seenKey = `${options.prefix}:seen:everyone`
  }

  async write(message: NewMessage, { from, until }: BroadcastWindow): Promise<string> {
    const { cap, ttl, counters } = this.#options
    const now = Date.now()
    const window = broadcastWindow({ from, until }, ttl, now)
    const ends = window.until.getTime()
    const [key, , json] = encodeMessage(message)
    const reading = `${this.#options.prefix}:reading:everyone` // of nobody: an owner's has their id behind it
    const args = [token(), cap, Math.max(ttl, ends - now), key, `${from?.getTime() ?? ''}:${ends}`, json]
    const [, id] = postReply.parse(await SCRIPTS.post.run(this.#redis, [this.#list.list, reading], args))
    counters.count('posted', 1)
    await this.#forgetCounts()
    return this.#list.idOf(id)
  }

  async withdraw(id: string): Promise<boolean> {
    const record = (await this.#records()).find(record => this.#list.idOf(recordId(record)) === id)
    if (record === undefined) return false
    const removed = await this.#redis.lrem(this.#list.list, 1, record)
    await this.#redis.hdel(this.seenKey, recordId(record))
    return removed === 1
  }

  async all(): Promise<Broadcast[]> {
    const [records, seen] = await Promise.all([this.#records(), this.#redis.hgetall(this.seenKey)])
    const now = Date.now()
    return records
      .flatMap(record => {
        const message = decodeRecord(record, this.#list)
        const { from, until } = windowOf(record)
        if (!message || until === undefined || until.getTime() <= now) return []
        return [{ ...message, from, until, seen: Number(seen[recordId(record)] ?? 0) }]
      })
      .reverse()
  }

  /** Of broadcasts that are over: their records went when somebody's page met them. */
  async #forgetCounts(): Promise<void> {
    const [records, counted] = await Promise.all([this.#records(), this.#redis.hkeys(this.seenKey)])
    const known = new Set(records.map(recordId))
    const gone = counted.filter(id => !known.has(id))
    if (gone.length > 0) await this.#redis.hdel(this.seenKey, ...gone)
  }

  #records(): Promise<string[]> {
    return this.#redis.lrange(this.#list.list, 0, -1)
  }
}
