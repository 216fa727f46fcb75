import { deepEqual, fail } from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import type { Claim, MessageStore, Reader } from '../message-store.ts'
import type { StoreBounds, StoreUnderTest } from './store-under-test.ts'

// Under the 5 s that vitest gives a test, so that what is told is what was waited for.
const PATIENCE = 3000
const STEP = 20

/** One promise of the contract: a sentence, and what it takes to see it kept. */
export interface ContractCase {
  readonly name: string
  /** Where the case needs others than its group. */
  readonly bounds?: Partial<StoreBounds>
  run(trial: Trial): Promise<void>
}

/** A case at work on a store: the steps that cases share. They are arrows, so that a case can take out those that it needs. */
export class Trial {
  readonly store: MessageStore
  readonly #subject: StoreUnderTest
  readonly #id = randomUUID()
  #people = 0

  constructor(subject: StoreUnderTest) {
    this.store = subject.store
    this.#subject = subject
  }

  /** An owner whom nobody else has. */
  readonly newOwner = (): string => `owner-${++this.#people}-${this.#id}`

  /** A browser that nobody else has. */
  readonly newBrowser = (): string => `browser-${++this.#people}-${this.#id}`

  /** The store as two processes have it, where it can be had so. */
  readonly processes = async (): Promise<[MessageStore, MessageStore]> => {
    return [this.store, (await this.#subject.another?.()) ?? this.store]
  }

  /** What a page takes; fails where there is nothing. */
  readonly take = async (reader: Reader, limit = 10): Promise<Claim> => {
    return (await this.store.claim(reader, { limit })) ?? fail('expected unread messages, there was nothing')
  }

  /** One page that is sent with all that it took: its texts. */
  readonly show = async (reader: Reader, limit = 10): Promise<string[]> => {
    const claim = await this.store.claim(reader, { limit })
    if (claim) await this.store.confirm(claim, idsOf(claim))
    return textsOf(claim)
  }

  /** The owner's inbox: text, and whether it is unread. */
  readonly inbox = async (owner: string): Promise<[text: string, unread: boolean][]> => {
    return (await this.store.inbox(owner)).map(({ text, unread }) => [text, unread])
  }

  /** What an open page would be told is unread. */
  readonly unread = async (reader: Reader): Promise<string[]> => {
    return textsOf(await this.store.unread(reader, { limit: Infinity }))
  }

  /** Lets time pass: on the store's clock, or in truth. */
  readonly passes = async (ms: number): Promise<void> => {
    if (this.#subject.advance) return this.#subject.advance(ms)
    const end = performance.now() + ms
    while (performance.now() < end) await pause(STEP)
  }

  /** Lets time pass until this is the answer. */
  readonly becomes = async <T>(ask: () => Promise<T>, expected: T): Promise<void> => {
    for (let waited = 0; waited < PATIENCE; waited += STEP) {
      if (isDeepStrictEqual(await ask(), expected)) return
      await this.passes(STEP)
    }
    deepEqual(await ask(), expected)
  }

  /** Waits until this has come to be: a hint, which takes a moment whatever the clock says. */
  readonly happens = async (what: string, hasHappened: () => boolean): Promise<void> => {
    for (let waited = 0; !hasHappened(); waited += STEP) {
      if (waited > PATIENCE) fail(`${what} did not come`)
      await pause(STEP)
    }
  }
}

export function textsOf(page: { readonly messages: readonly { text: string }[] } | undefined): string[] {
  return page?.messages.map(({ text }) => text) ?? []
}

export function idsOf(page: { readonly messages: readonly { id: string }[] } | undefined): string[] {
  return page?.messages.map(({ id }) => id) ?? []
}
