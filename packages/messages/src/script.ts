import { createHash, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Cluster, Redis } from 'ioredis'
import { z } from 'zod'
import { writeTogether } from './write-together.ts'

/** A Lua script of this package's `lua` folder. */
export class Script {
  readonly text: string
  readonly #sha: string

  /** @param before functions that the text calls */
  constructor(name: string, before = '') {
    this.text = before + readFileSync(new URL(`../lua/${name}.lua`, import.meta.url), 'utf8')
    this.#sha = createHash('sha1').update(this.text).digest('hex')
  }

  /** Runs the script: EVALSHA, and EVAL once where the server doesn't know it. */
  run(redis: Redis | Cluster, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    writeTogether(redis)
    return redis.evalsha(this.#sha, keys.length, ...keys, ...args).catch((error: unknown) => {
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error
      return redis.eval(this.text, keys.length, ...keys, ...args)
    })
  }
}

/** The four scripts: their texts are part of the promise, and `@tidings/jobs` runs `post` inside BullMQ's own. */
export const SCRIPTS = {
  post: new Script('post'),
  claim: new Script('claim'),
  confirm: new Script('confirm'),
  release: new Script('release'),
}

/** What post answers: how many unread messages the cap dropped, and the id of the last message. */
export const postReply = z.tuple([z.number(), z.string()])

const TOKEN_LENGTH = 8
// Asking for many at once is several times cheaper, and every page view needs one.
const POOL_BYTES = 4096
let pool = ''
let used = 0

/** Names one post or claim, so that it can be sent twice. */
export function token(): string {
  if (used + TOKEN_LENGTH > pool.length) {
    pool = randomBytes(POOL_BYTES).toString('base64url')
    used = 0
  }
  used += TOKEN_LENGTH
  return pool.slice(used - TOKEN_LENGTH, used)
}
