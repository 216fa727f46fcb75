import type { Message, NewMessage } from './message.ts'

/** Whom a message is for: an owner's id (any of their devices), or one browser. */
export type Recipient = string | { readonly browser: string }

/** Who looks at a page: the owner, where somebody is logged in, and the browser, where it has been given an id. */
export interface Reader {
  readonly owner?: string | undefined
  /** Since when the owner exists: they get no broadcast that was written before. */
  readonly since?: Date | undefined
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

/** When a broadcast is shown. */
export interface BroadcastWindow {
  /** Default: now. */
  readonly from?: Date
  /** Default, and at most: the store's `ttl` (30 days) after it begins. */
  readonly until?: Date
}

/** A message to everyone. */
export interface Broadcast extends Message {
  readonly from: Date | undefined
  readonly until: Date
  /** How many owners it was shown to. */
  readonly seen: number
}

/**
 * Where messages wait. Each method is one atomic step, and may be sent twice without doubling anything. Nothing here knows
 * HTTP: the Fastify plugin claims for a page and confirms what was sent.
 */
export interface MessageStore {
  /**
   * Writes one message, or several in order, at the end of the recipient's list.
   * @throws TypeError for a message that can't be posted.
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
  /** What is unread and held by no page, oldest first: for an open page, which says by {@link read} what it has shown. */
  unread(
    reader: Reader,
    options: { limit: number },
  ): Promise<{ readonly messages: readonly Message[]; readonly more: number }>
  /** These were shown without a claim: they are read. Ids that aren't the reader's, or not unread, change nothing. */
  read(reader: Reader, ids: Iterable<string>): Promise<void>
  /** The owner's messages, read and unread, newest first. Looking consumes nothing. */
  inbox(owner: string, options?: { since?: Date }): Promise<InboxMessage[]>
  /** How many of the owner's unread messages the cap has dropped since a page last said so. Asking is not saying. */
  dropped(owner: string): Promise<number>
  /** Takes a message out of the owner's inbox; false where it isn't there. */
  dismiss(owner: string, id: string): Promise<boolean>
  /**
   * Writes one message for every owner, whatever their number: each sees it once, within its window.
   * @returns the broadcast's id
   */
  broadcast(message: NewMessage, window?: BroadcastWindow): Promise<string>
  /** Nobody sees this broadcast any more who hasn't yet; false where there is none. */
  withdraw(id: string): Promise<boolean>
  /** The broadcasts that aren't over, newest first, and how many have seen each. */
  broadcasts(): Promise<Broadcast[]>
  /**
   * Calls `hint` whenever something may be new for this reader, until the returned function is called. A hint that is lost
   * loses no message: the store stays the truth.
   */
  watch(reader: Reader, hint: () => void): Promise<() => Promise<void>>
}
