import type { Cluster, Redis } from 'ioredis'
import { z } from 'zod'
import type { NewMessage } from './message.ts'
import type { MessageCounters } from './message-counters.ts'
import { MessageList } from './message-list.ts'
import { encodeMessage } from './record.ts'
import { SCRIPTS, Script } from './script.ts'
import type { Shards } from './shards.ts'

/** When a message that is written once is shown. */
export interface MessageWindow {
  /** Default: now. */
  readonly from?: Date | undefined
  /** Default, and at most: the store's `ttl` (30 days) from now. */
  readonly until?: Date | undefined
}

/** What became of a message: a page is still to show it, or one has. */
export type MessageState = 'unread' | 'read'

interface Options {
  cap: number
  ttl: number
  counters: MessageCounters
}

/** An owner's messages by their keys: written once, asked after, taken back. */
export class RedisKeyedMessages {
  readonly #redis: Redis | Cluster
  readonly #shards: Shards
  readonly #options: Options

  constructor(redis: Redis | Cluster, shards: Shards, options: Options) {
    this.#redis = redis
    this.#shards = shards
    this.#options = options
  }

  async post(owner: string, message: NewMessage, window: MessageWindow): Promise<boolean> {
    const { cap, ttl, counters } = this.#options
    const [key, lasts, json] = encodeMessage(message)
    if (key === '' || lasts !== '')
      throw new TypeError(
        'A message that is written once needs a key, and its end is said by the window, not by expiresIn',
      )
    const args = [cap, ttl, key, windowText(window, ttl), json]
    const dropped = await this.#run(POST_ONCE, owner, args)
    if (dropped === null) return false
    counters.count('posted', 1)
    counters.count('dropped', z.number().parse(dropped))
    return true
  }

  async stateOf(owner: string, key: string): Promise<MessageState | undefined> {
    const state = stateReply.parse(await this.#run(KEYED, owner, [key, 'look']))
    // A page that holds it may yet give it back.
    return state === 'held' ? 'unread' : state === 'unread' || state === 'read' ? state : undefined
  }

  async takeBack(owner: string, key: string): Promise<boolean> {
    return stateReply.parse(await this.#run(KEYED, owner, [key, 'remove'])) === 'removed'
  }

  async #run(script: Script, owner: string, args: (string | number)[]): Promise<unknown> {
    const { list, reading } = MessageList.of(this.#shards, owner)
    await this.#shards.check()
    return script.run(this.#redis, [list, reading], args)
  }
}

const POST_ONCE = new Script('post-once', `local function post(KEYS, ARGV)\n${SCRIPTS.post.text}\nend\n`)
const KEYED = new Script('keyed')

const stateReply = z.enum(['unread', 'held', 'read', 'removed', ''])

/** @throws TypeError for a window that ends before it begins, is over, or ends when the list may have been forgotten. */
function windowText({ from, until }: MessageWindow, ttl: number): string {
  if (from === undefined && until === undefined) return ''
  const now = Date.now()
  const ends = until?.getTime() ?? now + ttl
  if (!(ends > Math.max(from?.getTime() ?? now, now)) || ends > now + ttl)
    throw new TypeError(
      `A message must end after it begins, not in the past, and within ${ttl} ms from now (the store's ttl); ` +
        `got ${JSON.stringify({ from, until })}`,
    )
  return `${from?.getTime() ?? ''}:${ends}`
}
