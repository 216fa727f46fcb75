import { crc32 } from 'node:zlib'
import type { Cluster, Redis } from 'ioredis'

/**
 * The shard of an owner, or of a browser: 0 to `shards` - 1, the same in every process and version (the CRC-32 of the id's
 * UTF-8, modulo the number of shards).
 */
export function shardOf(id: string, shards: number): number {
  return shards === 1 ? 0 : crc32(id) % shards
}

/** Data is there that was written with another number of shards: what it holds would not be found. */
export class ShardCountError extends Error {
  override name = 'ShardCountError'
}

/** Into how many parts the lists are divided. What is in one shard has one hash tag, so one slot of a Redis Cluster. */
export class Shards {
  readonly count: number
  /** What is before every key of a shard, by its number. */
  readonly prefixes: readonly string[]
  readonly #redis: Redis | Cluster
  readonly #prefix: string
  #checking: Promise<void> | undefined
  #isChecked = false

  constructor(redis: Redis | Cluster, { prefix, shards }: { prefix: string; shards: number }) {
    this.#redis = redis
    this.#prefix = prefix
    this.count = shards
    this.prefixes =
      shards === 1 ? [prefix] : Array.from({ length: shards }, (_, shard) => tagged(prefix, shard))
  }

  /** Whether {@link check} has found it in order. */
  get isChecked(): boolean {
    return this.#isChecked
  }

  /** Before the keys of whoever has this id. */
  prefixOf(id: string): string {
    return this.prefixes[shardOf(id, this.count)] ?? this.#prefix
  }

  /**
   * Notes the number of shards beside the data, or compares it with the one that is noted. What was once in order isn't asked
   * again.
   * @throws ShardCountError where it is another.
   */
  check(): Promise<void> {
    this.#checking ??= this.#compare().then(
      () => {
        this.#isChecked = true
      },
      error => {
        this.#checking = undefined
        throw error
      },
    )
    return this.#checking
  }

  async #compare(): Promise<void> {
    const key = `${this.#prefix}:shards`
    if ((await this.#redis.setnx(key, this.count)) === 1) return
    const noted = await this.#redis.get(key)
    if (noted === String(this.count)) return
    throw new ShardCountError(
      `What is under ${this.#prefix} was written with shards: ${noted}, and this process has shards: ${this.count}. ` +
        `Give it shards: ${noted}, or another prefix: with another number nobody finds what is theirs.`,
    )
  }
}

/** The prefix with the shard's number in its hash tag; the whole prefix becomes the tag where it has none. */
function tagged(prefix: string, shard: number): string {
  const [, before = '', tag = prefix, after = ''] = /^([^{]*)\{([^}]+)\}(.*)$/s.exec(prefix) ?? []
  return `${before}{${tag}:${shard}}${after}`
}
