import type { Reader, Recipient } from './message-store.ts'

// The ids of a browser's messages end in this, so that they can't be taken for those of the owner's list.
const BROWSER_MARK = 'b'

/** One list of messages in Redis, a user's or a browser's, with the keys of its parts. */
export class MessageList {
  /** The records, oldest first. */
  readonly list: string
  /** What of them has been claimed and read. */
  readonly reading: string
  /** A user's messages stay in the list as their inbox; a browser's go once they were shown. */
  readonly isInbox: boolean

  private constructor(prefix: string, kind: 'user' | 'browser', id: string) {
    this.list = `${prefix}:messages:${kind}:${id}`
    this.reading = `${prefix}:reading:${kind}:${id}`
    this.isInbox = kind === 'user'
  }

  static of(prefix: string, recipient: Recipient): MessageList {
    const isUser = typeof recipient === 'string'
    const id = isUser ? recipient : recipient?.browser
    if (typeof id !== 'string' || id === '' || id.length > 200) {
      throw new TypeError(
        `Expected an owner's id or { browser } of 1 to 200 characters, got ${JSON.stringify(recipient)?.slice(0, 80)}`,
      )
    }
    return new MessageList(prefix, isUser ? 'user' : 'browser', id)
  }

  /** The lists that a page of this reader shows. */
  static for(prefix: string, reader: Reader): MessageList[] {
    const lists: MessageList[] = []
    if (reader.owner !== undefined) lists.push(MessageList.of(prefix, reader.owner))
    if (reader.browser !== undefined) lists.push(MessageList.of(prefix, { browser: reader.browser }))
    return lists
  }

  /** A message's id, from its id in this list. */
  idOf(recordId: string): string {
    return this.isInbox ? recordId : recordId + BROWSER_MARK
  }

  /** The ids in this list of those of the given messages that are in it. */
  recordIds(ids: Iterable<string>): string[] {
    return [...ids]
      .filter(id => id.endsWith(BROWSER_MARK) !== this.isInbox)
      .map(id => (this.isInbox ? id : id.slice(0, -1)))
  }
}
