import type { Redis } from 'ioredis'
import { z } from 'zod'
import { storedDate } from './stored-date.ts'

const DAY_SECONDS = 24 * 60 * 60
const SHOWN_FOR = 30 * DAY_SECONDS * 1000
const KEPT = 500
const KEPT_FOR = 90 * DAY_SECONDS

const person = z.object({ id: z.string(), username: z.string() })

const staffMessage = z.object({
  /** Of the form that it was written in: the same form sends one message. */
  id: z.uuid(),
  sender: person,
  /** Everyone, or these. */
  to: z.union([z.literal('everyone'), z.array(person).min(1).max(1000)]),
  /** How many that were when it was sent. */
  recipients: z.int(),
  level: z.int(),
  /** As it was typed, without the sender. */
  text: z.string(),
  link: z.object({ href: z.string(), text: z.string() }).optional(),
  from: storedDate.optional(),
  until: storedDate.optional(),
  sentAt: storedDate,
})

const withdrawal = z.object({
  by: person,
  at: storedDate,
  /** How many had seen it by then, and from how many it was taken back; of a broadcast the latter isn't known. */
  seen: z.int(),
  takenBack: z.int().optional(),
})

const sightings = z.object({
  /** When it was counted. */
  at: storedDate,
  seen: z.int(),
  /** The ids of those who had seen it, of a message to some. */
  seenBy: z.array(z.string()).optional(),
})

/** How many had seen a message when it was last counted: inboxes and broadcasts forget it in time. */
export type Sightings = z.output<typeof sightings>

/** What a member of staff has written to somebody. */
export type StaffMessage = z.output<typeof staffMessage>

/** That it was taken back. */
export type Withdrawal = z.output<typeof withdrawal>

/** How far it got: who it was sent to, which broadcast it is, whether it was taken back. */
export interface StaffMessageState {
  /** Whether all have it. */
  readonly isSent: boolean
  /** The broadcast's id, of one to everyone. */
  readonly broadcast: string | undefined
  readonly withdrawal: Withdrawal | undefined
  readonly sightings: Sightings | undefined
}

/** When it is shown no more: at the end of its time, or when lists forget it. */
export function endOf({ from, until, sentAt }: Pick<StaffMessage, 'from' | 'until' | 'sentAt'>): Date {
  const begins = from && from > sentAt ? from : sentAt
  return until ?? new Date(begins.getTime() + SHOWN_FOR)
}

/** What staff have written: the last 500, for 90 days. */
export class StaffMessageStore {
  readonly #redis: Redis
  readonly #prefix: string

  constructor({ redis, prefix }: { redis: Redis; prefix: string }) {
    this.#redis = redis
    this.#prefix = prefix
  }

  /** Keeps a message, unless one with its id is kept. @returns the one that is kept now */
  async keep(message: StaffMessage): Promise<StaffMessage> {
    const key = this.#key(message.id)
    const text = JSON.stringify(z.encode(staffMessage, message))
    const isNew = (await this.#redis.hsetnx(key, 'message', text)) === 1
    const kept = isNew ? message : ((await this.find(message.id))?.message ?? message)
    await this.#redis
      .multi()
      .expire(key, KEPT_FOR)
      .zadd(this.#index, kept.sentAt.getTime(), kept.id)
      .zremrangebyrank(this.#index, 0, -KEPT - 1)
      .zadd(this.#ends, endOf(kept).getTime(), kept.id)
      .exec()
    return kept
  }

  /** The message with this id, and how far it got. */
  async find(id: string): Promise<{ message: StaffMessage; state: StaffMessageState } | undefined> {
    const { message, sent, withdrawn, seen } = await this.#redis.hgetall(this.#key(id))
    if (message === undefined) return undefined
    return {
      message: z.decode(staffMessage, JSON.parse(message)),
      state: {
        isSent: sent !== undefined,
        broadcast: sent || undefined,
        withdrawal: withdrawn === undefined ? undefined : z.decode(withdrawal, JSON.parse(withdrawn)),
        sightings: seen === undefined ? undefined : z.decode(sightings, JSON.parse(seen)),
      },
    }
  }

  /** All have it. */
  async markSent(id: string, broadcast = ''): Promise<void> {
    await this.#redis.hset(this.#key(id), 'sent', broadcast)
  }

  /** It was taken back. Only the first time counts. */
  async markWithdrawn(id: string, how: Withdrawal): Promise<void> {
    await this.#redis.hsetnx(this.#key(id), 'withdrawn', JSON.stringify(z.encode(withdrawal, how)))
  }

  /** How many have seen it by now. */
  async noteSightings(id: string, known: Sightings): Promise<void> {
    await this.#redis.hset(this.#key(id), 'seen', JSON.stringify(z.encode(sightings, known)))
  }

  /** The messages that are over between these moments; what was over before is asked after no more. */
  async ending(from: Date, until: Date): Promise<{ message: StaffMessage; state: StaffMessageState }[]> {
    await this.#redis.zremrangebyscore(this.#ends, '-inf', `(${from.getTime()}`)
    const ids = await this.#redis.zrangebyscore(this.#ends, from.getTime(), until.getTime())
    return (await Promise.all(ids.map(id => this.find(id)))).filter(each => each !== undefined)
  }

  /** A page of messages, newest first; pages begin with 1. */
  async page(
    number: number,
    size: number,
  ): Promise<{ messages: { message: StaffMessage; state: StaffMessageState }[]; total: number }> {
    const [ids, total] = await Promise.all([
      this.#redis.zrevrange(this.#index, (number - 1) * size, number * size - 1),
      this.#redis.zcard(this.#index),
    ])
    const found = await Promise.all(ids.map(id => this.find(id)))
    return { messages: found.filter(each => each !== undefined), total }
  }

  get #index(): string {
    return `${this.#prefix}:staff-messages`
  }

  get #ends(): string {
    return `${this.#prefix}:staff-messages-ends`
  }

  #key(id: string): string {
    return `${this.#prefix}:staff-message:${id}`
  }
}
