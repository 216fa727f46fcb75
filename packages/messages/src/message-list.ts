import type { Reader, Recipient } from './message-store.ts'

/** Who reads a list: a user, one browser, or everybody. The letter ends its messages' ids, so that none is taken for another's. */
const MARKS = { user: '', browser: 'b', everyone: 'e' } as const

type Kind = keyof typeof MARKS

const IDS = { user: /^\d{16}$/, browser: /^\d{16}b$/, everyone: /^\d{16}e$/ } as const

/** What is before a list's keys: the same for all, or by the id of whose list it is. */
type Prefix = string | { prefixOf(id: string): string }

/** One list of messages in Redis, with the keys of its parts. */
export class MessageList {
  readonly kind: Kind
  /** Before its keys: that of its shard. */
  readonly prefix: string
  /** The records, oldest first; also the channel of the list's hints. */
  readonly list: string
  /** What of them this reader has claimed and read. */
  readonly reading: string

  private constructor(prefix: string, kind: Kind, id: string) {
    this.kind = kind
    this.prefix = prefix
    this.list = kind === 'everyone' ? `${prefix}:messages:everyone` : `${prefix}:messages:${kind}:${id}`
    this.reading = `${prefix}:reading:${kind}:${id}`
  }

  /** What comes before a user's id in the names of their list and its reading. */
  static names(prefix: string): { readonly list: string; readonly reading: string } {
    const { list, reading } = new MessageList(prefix, 'user', '')
    return { list, reading }
  }

  /** A recipient's list. */
  static of(prefix: Prefix, recipient: Recipient): MessageList {
    const isUser = typeof recipient === 'string'
    const id = checkedId(isUser ? recipient : recipient?.browser, recipient)
    return new MessageList(prefixFor(prefix, id), isUser ? 'user' : 'browser', id)
  }

  /** Everybody's list, as this owner reads it. */
  static everyone(prefix: Prefix, owner: string): MessageList {
    return new MessageList(prefixFor(prefix, owner), 'everyone', checkedId(owner, owner))
  }

  /** The lists that a page of this reader shows; everybody's is the last, and only those who are logged in read it. */
  static for(prefix: Prefix, { owner, browser }: Reader): MessageList[] {
    const lists: MessageList[] = []
    if (owner !== undefined) lists.push(MessageList.of(prefix, owner))
    if (browser !== undefined) lists.push(MessageList.of(prefix, { browser }))
    if (owner !== undefined) lists.push(MessageList.everyone(prefix, owner))
    return lists
  }

  /** Lists that are in one shard, and so can be read by one command, together; in each group they keep their order. */
  static byShard(lists: readonly MessageList[]): MessageList[][] {
    const prefixes = [...new Set(lists.map(({ prefix }) => prefix))]
    return prefixes.map(prefix => lists.filter(list => list.prefix === prefix))
  }

  /** A message's id, from its id in this list. */
  idOf(recordId: string): string {
    return recordId + MARKS[this.kind]
  }

  /** The ids in this list of those of the given messages that are in it. */
  recordIds(ids: Iterable<string>): string[] {
    const own: string[] = []
    for (const id of ids) if (IDS[this.kind].test(id)) own.push(id.slice(0, 16))
    return own
  }
}

/** Whether a message of this id waits, or waited, for one browser: a request of that browser has added it. */
export function isForBrowser(id: string): boolean {
  return id.endsWith(MARKS.browser)
}

function prefixFor(prefix: Prefix, id: string): string {
  return typeof prefix === 'string' ? prefix : prefix.prefixOf(id)
}

function checkedId(id: unknown, recipient: unknown): string {
  // Halves of characters are all alike once they are in Redis.
  if (typeof id === 'string' && id !== '' && id.length <= 200 && id.isWellFormed()) return id
  const came = JSON.stringify(recipient)?.slice(0, 80)
  throw new TypeError(`Expected an owner's id or { browser } of 1 to 200 characters, got ${came}`)
}
