import type { Message, NewMessage } from './message.ts'

/** Whom a message is for: an owner's id (any of their devices), or one browser. */
export type Recipient = string | { readonly browser: string }

/** Who looks at a page: the owner, where somebody is logged in, and the browser, where it has been given an id. */
export interface Reader {
  readonly owner?: string | undefined
  readonly browser?: string | undefined
}

/** Messages that a page holds while it is rendered and sent. */
export interface Claim {
  readonly id: string
  readonly reader: Reader
  /** Oldest first. */
  readonly messages: readonly Message[]
  /** Unread messages that wait for the next page. */
  readonly more: number
  /** Unread messages that were lost to the cap since a page last said so. */
  readonly dropped: number
}

/** A message in an inbox. */
export interface InboxMessage extends Message {
  /** Confirmed by no page yet. */
  readonly unread: boolean
}

/**
 * Where messages wait. Each method is one atomic step, and each but `inbox` may be sent twice without doubling anything.
 * Nothing here knows HTTP: the Fastify plugin claims for a page and confirms what was sent.
 */
export interface MessageStore {
  /**
   * Writes one message, or several in order, at the end of the recipient's list.
   * @throws TypeError for a message that {@link checkMessage} refuses.
   */
  post(to: Recipient, messages: NewMessage | readonly NewMessage[]): Promise<void>
  /**
   * Takes what is unread for a page, oldest first, at most `limit` (`Infinity`: all). `undefined` where nothing is unread.
   * A claim that is neither confirmed nor released within its lease is unread again.
   */
  claim(reader: Reader, options: { limit: number }): Promise<Claim | undefined>
  /** The page was sent with these messages in it: they are read. The claim's other messages are unread again. */
  confirm(claim: Claim, shown: Iterable<string>): Promise<void>
  /** The page was not sent: all of the claim's messages are unread again. */
  release(claim: Claim): Promise<void>
  /** The owner's messages, read and unread, newest first. Looking consumes nothing. */
  inbox(owner: string): Promise<InboxMessage[]>
}
