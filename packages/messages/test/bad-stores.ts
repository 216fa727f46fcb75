import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import { z } from 'zod'
import { checkMessage, type Message, type NewMessage, tagsOf } from '../src/message.ts'
import type { Broadcast, Claim, InboxMessage, MessageStore, Reader, Recipient } from '../src/message-store.ts'

/**
 * Two ways in which messages are often kept, and lost and doubled: what runs the contract against them must go red. They do
 * well what one page after another can see of posting and claiming, and leave out the rest.
 */
abstract class BadStore implements MessageStore {
  protected readonly redis: Redis
  readonly #prefix: string

  constructor(redis: Redis, prefix: string) {
    this.redis = redis
    this.#prefix = prefix
  }

  /** Writes messages at the end of a list. */
  protected abstract append(key: string, messages: readonly Message[]): Promise<void>
  /** Reads a list, and empties it. */
  protected abstract drain(key: string): Promise<Message[]>
  /** Reads a list. */
  protected abstract peek(key: string): Promise<Message[]>

  async post(to: Recipient, messages: NewMessage | readonly NewMessage[]): Promise<void> {
    const key = this.#key(typeof to === 'string' ? { owner: to } : to)
    await this.append(
      key,
      [messages].flat().map(message => stored(message as NewMessage)),
    )
  }

  async claim(reader: Reader): Promise<Claim | undefined> {
    const messages = await this.drain(this.#key(reader))
    if (messages.length === 0) return undefined
    return { id: randomUUID(), reader, messages, more: 0, dropped: 0 }
  }

  async unread(reader: Reader): Promise<{ messages: Message[]; more: number }> {
    return { messages: await this.peek(this.#key(reader)), more: 0 }
  }

  async inbox(owner: string): Promise<InboxMessage[]> {
    const messages = await this.peek(this.#key({ owner }))
    return messages.map(message => ({ ...message, unread: true })).reverse()
  }

  async dropped(): Promise<number> {
    return 0
  }

  async confirm(): Promise<void> {}

  async release(): Promise<void> {}

  async read(): Promise<void> {}

  async dismiss(): Promise<boolean> {
    return false
  }

  async broadcast(): Promise<string> {
    return ''
  }

  async withdraw(): Promise<boolean> {
    return false
  }

  async broadcasts(): Promise<Broadcast[]> {
    return []
  }

  async watch(): Promise<() => Promise<void>> {
    return async () => {}
  }

  #key({ owner, browser }: Reader): string {
    return `${this.#prefix}:${owner === undefined ? `browser:${browser}` : `user:${owner}`}`
  }
}

/** Reads a list with LRANGE, then deletes it with DEL. */
export class RangingStore extends BadStore {
  protected override async append(key: string, messages: readonly Message[]): Promise<void> {
    if (messages.length > 0) await this.redis.rpush(key, ...messages.map(message => JSON.stringify(message)))
  }

  protected override async drain(key: string): Promise<Message[]> {
    const messages = await this.peek(key)
    await this.redis.del(key)
    return messages
  }

  protected override async peek(key: string): Promise<Message[]> {
    return (await this.redis.lrange(key, 0, -1)).map(json => messageSchema.parse(JSON.parse(json)))
  }
}

/** Keeps one JSON value: gets it, appends to it, sets it. */
export class AppendingStore extends BadStore {
  protected override async append(key: string, messages: readonly Message[]): Promise<void> {
    await this.redis.set(key, JSON.stringify([...(await this.peek(key)), ...messages]))
  }

  protected override async drain(key: string): Promise<Message[]> {
    const messages = await this.peek(key)
    await this.redis.set(key, '[]')
    return messages
  }

  protected override async peek(key: string): Promise<Message[]> {
    return z.array(messageSchema).parse(JSON.parse((await this.redis.get(key)) ?? '[]'))
  }
}

const messageSchema = z.looseObject({ time: z.coerce.date() }) as unknown as z.ZodType<Message>

let posted = 0

function stored(message: NewMessage): Message {
  const { expiresIn: _, ...checked } = checkMessage(message)
  const id = String(++posted).padStart(16, '0')
  return {
    ...checked,
    id,
    time: new Date(),
    levelTag: tagsOf({ level: message.level }),
    tags: tagsOf(checked),
  }
}
