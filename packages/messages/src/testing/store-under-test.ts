import type { MessageStore } from '../message-store.ts'

/** Bounds that a case needs of its store, so that they are met soon. */
export interface StoreBounds {
  /** Messages kept in a list. */
  readonly cap: number
  /** How long a list is kept after the last message in it, ms. */
  readonly ttl: number
  /** How long a page may hold messages, ms. */
  readonly lease: number
}

/** A store, and what the kit needs to test it. */
export interface StoreUnderTest {
  /** Fresh and empty, for one case. */
  readonly store: MessageStore
  /** Moves the store's clock on, ms. Without it the kit waits for as long as a lease or an expiry lasts: half a second, mostly. */
  advance?(ms: number): void | Promise<void>
  /** A store on the same data, as another process has it: the races run through both. */
  another?(): MessageStore | Promise<MessageStore>
  /** Called when the case is over. */
  close?(): void | Promise<void>
}

/** Makes a store for one case. */
export type StoreFactory = (bounds: StoreBounds) => StoreUnderTest | Promise<StoreUnderTest>
