import { randomUUID } from 'node:crypto'
import { RedisMessageStore } from '@tidings/messages'

/**
 * The store that STORE names: ours, or one that people write by hand and that is known to lose and double messages. A harness
 * that finds nothing wrong with those proves nothing about ours.
 */
export function storeNamed(name, { redis, prefix, lease }) {
  switch (name) {
    case 'redis':
      return Object.assign(new RedisMessageStore({ redis, prefix, lease }), {
        async waiting(owner) {
          return (await this.inbox(owner)).filter(({ unread }) => unread).length
        },
      })
    case 'list-then-delete':
      return new ListThenDelete({ redis, prefix })
    case 'one-value':
      return new OneValue({ redis, prefix })
    default:
      throw new Error(`Expected STORE to be redis, list-then-delete or one-value, got ${name}`)
  }
}

/** What every store has besides, and neither of these needs. */
class BadStore {
  constructor({ redis, prefix }) {
    this.redis = redis
    this.prefix = prefix
  }

  keyOf({ owner, browser }) {
    return `${this.prefix}:bad:${owner ?? browser}`
  }

  claimOf(reader, messages) {
    return messages.length === 0
      ? undefined
      : { id: randomUUID(), reader, messages: messages.map(asRead), more: 0, dropped: 0 }
  }

  async release() {}
  async unread() {
    return { messages: [], more: 0 }
  }
  async read() {}
  async inbox() {
    return []
  }
  async dismiss() {
    return false
  }
  async broadcast() {
    return ''
  }
  async withdraw() {
    return false
  }
  async broadcasts() {
    return []
  }
  async watch() {
    return async () => {}
  }
}

/** Each page reads the whole list, and deletes it when it was sent. */
class ListThenDelete extends BadStore {
  async post(to, messages) {
    const reader = typeof to === 'string' ? { owner: to } : to
    await this.redis.rpush(this.keyOf(reader), ...[messages].flat().map(asStored))
  }

  async claim(reader) {
    const records = await this.redis.lrange(this.keyOf(reader), 0, -1)
    return this.claimOf(
      reader,
      records.map(record => JSON.parse(record)),
    )
  }

  async confirm({ reader }) {
    await this.redis.del(this.keyOf(reader))
  }

  async waiting(owner) {
    return this.redis.llen(this.keyOf({ owner }))
  }
}

/** All messages of a user are one value: read, changed, written back. */
class OneValue extends BadStore {
  async post(to, messages) {
    const reader = typeof to === 'string' ? { owner: to } : to
    const all = [
      ...(await this.#read(reader)),
      ...[messages].flat().map(message => JSON.parse(asStored(message))),
    ]
    await this.redis.set(this.keyOf(reader), JSON.stringify(all))
  }

  async claim(reader) {
    return this.claimOf(reader, await this.#read(reader))
  }

  async confirm({ reader, messages }) {
    const shown = new Set(messages.map(({ id }) => id))
    const left = (await this.#read(reader)).filter(({ id }) => !shown.has(id))
    await this.redis.set(this.keyOf(reader), JSON.stringify(left))
  }

  async waiting(owner) {
    return (await this.#read({ owner })).length
  }

  async #read(reader) {
    return JSON.parse((await this.redis.get(this.keyOf(reader))) ?? '[]')
  }
}

function asStored({ level, text }) {
  return JSON.stringify({ id: randomUUID(), level, text, time: Date.now() })
}

function asRead(stored) {
  return { ...stored, time: new Date(stored.time), levelTag: 'info', tags: 'info' }
}
