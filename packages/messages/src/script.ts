import { createHash, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Cluster, Redis } from 'ioredis'
import { z } from 'zod'

/** A Lua script of this package's `lua` folder. */
export class Script {
  readonly text: string
  readonly #command: string

  /** @param before functions that the text calls */
  constructor(name: string, before = '') {
    this.text = before + readFileSync(new URL(`../lua/${name}.lua`, import.meta.url), 'utf8')
    // Two versions of this package may share a connection: each has commands of its own.
    this.#command = `tidings:${name}:${createHash('sha1').update(this.text).digest('hex').slice(0, 8)}`
  }

  /** Runs the script: EVALSHA, and EVAL once where the server doesn't know it. */
  run(redis: Redis | Cluster, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    const commands = redis as unknown as Record<string, Command>
    if (!commands[this.#command]) redis.defineCommand(this.#command, { lua: this.text })
    return commands[this.#command]?.(keys.length, ...keys, ...args) ?? Promise.resolve()
  }
}

type Command = ((...args: (string | number)[]) => Promise<unknown>) | undefined

/** The four scripts: their texts are part of the promise, and `@tidings/jobs` runs `post` inside BullMQ's own. */
export const SCRIPTS = {
  post: new Script('post'),
  claim: new Script('claim'),
  confirm: new Script('confirm'),
  release: new Script('release'),
}

/** What post answers: how many unread messages the cap dropped, and the id of the last message. */
export const postReply = z.tuple([z.number(), z.string()])

const TOKEN_BYTES = 6
// Asking for many at once is several times cheaper, and every page view needs one.
const POOL_BYTES = TOKEN_BYTES * 512
let pool = Buffer.alloc(0)
let used = 0

/** Names one post or claim, so that it can be sent twice. */
export function token(): string {
  if (used === pool.length) {
    pool = randomBytes(POOL_BYTES)
    used = 0
  }
  used += TOKEN_BYTES
  return pool.toString('base64url', used - TOKEN_BYTES, used)
}
