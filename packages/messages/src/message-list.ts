import type { Reader, Recipient } from './message-store.ts'

/** Who reads a list: a user, one browser, or everybody. The letter ends its messages' ids, so that none is taken for another's. */
const MARKS = { user: '', browser: 'b', everyone: 'e' } as const

type Kind = keyof typeof MARKS

/** One list of messages in Redis, with the keys of its parts. */
export class MessageList {
  readonly kind: Kind
  /** The records, oldest first; also the channel of the list's hints. */
  readonly list: string
  /** What of them this reader has claimed and read. */
  readonly reading: string

  private constructor(prefix: string, kind: Kind, id: string) {
    this.kind = kind
    this.list = kind === 'everyone' ? `${prefix}:messages:everyone` : `${prefix}:messages:${kind}:${id}`
    this.reading = `${prefix}:reading:${kind}:${id}`
  }

  /** A recipient's list. */
  static of(prefix: string, recipient: Recipient): MessageList {
    const isUser = typeof recipient === 'string'
    return new MessageList(
      prefix,
      isUser ? 'user' : 'browser',
      checkedId(isUser ? recipient : recipient?.browser, recipient),
    )
  }

  /** Everybody's list, as this owner reads it. */
  static everyone(prefix: string, owner: string): MessageList {
    return new MessageList(prefix, 'everyone', checkedId(owner, owner))
  }

  /** The lists that a page of this reader shows; everybody's is the last, and only those who are logged in read it. */
  static for(prefix: string, { owner, browser }: Reader): MessageList[] {
    return [
      ...(owner === undefined ? [] : [MessageList.of(prefix, owner)]),
      ...(browser === undefined ? [] : [MessageList.of(prefix, { browser })]),
      ...(owner === undefined ? [] : [MessageList.everyone(prefix, owner)]),
    ]
  }

  /** A message's id, from its id in this list. */
  idOf(recordId: string): string {
    return recordId + MARKS[this.kind]
  }

  /** The ids in this list of those of the given messages that are in it. */
  recordIds(ids: Iterable<string>): string[] {
    return [...ids].flatMap(id => {
      const [, recordId = '', mark] = /^(\d{16})([a-z]?)$/.exec(id) ?? []
      return mark === MARKS[this.kind] ? [recordId] : []
    })
  }
}

function checkedId(id: unknown, recipient: unknown): string {
  // Halves of characters are all alike once they are in Redis.
  if (typeof id === 'string' && id !== '' && id.length <= 200 && id.isWellFormed()) return id
  const came = JSON.stringify(recipient)?.slice(0, 80)
  throw new TypeError(`Expected an owner's id or { browser } of 1 to 200 characters, got ${came}`)
}
