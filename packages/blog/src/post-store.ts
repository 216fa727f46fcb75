import type { Redis } from 'ioredis'
import { z } from 'zod'
import { type Post, postRecord } from './post.ts'
import { runPipeline } from './run-pipeline.ts'

/** One page of the published posts, newest first; `page` counts from 1, `pages` is at least 1. */
export interface PostPage {
  posts: Post[]
  page: number
  pages: number
  total: number
}

/** The posts: one record a post, and a sorted set of their ids by the time of publication. */
export class PostStore {
  readonly #redis: Redis
  readonly #prefix: string

  /** @param options.prefix begins every key */
  constructor(options: { redis: Redis; prefix: string }) {
    this.#redis = options.redis
    this.#prefix = options.prefix
  }

  /**
   * A page of what is published by now, newest first. A page past the last one has no posts.
   * @param options.page from 1; 1 by default
   * @param options.perPage 1 to 100; 20 by default
   * @throws TypeError when either is no such number
   */
  async list(options: { page?: number; perPage?: number } = {}): Promise<PostPage> {
    const page = whole('page', options.page ?? 1, Number.MAX_SAFE_INTEGER / 100)
    const perPage = whole('perPage', options.perPage ?? 20, 100)
    const now = Date.now()
    const [total, ids] = (await runPipeline(
      this.#redis
        .pipeline()
        .zcount(this.#listKey, '-inf', now)
        .zrevrangebyscore(this.#listKey, now, '-inf', 'LIMIT', (page - 1) * perPage, perPage),
    )) as [number, string[]]
    return { posts: await this.#read(ids), page, pages: Math.max(1, Math.ceil(total / perPage)), total }
  }

  /** The post with this id, published or not. */
  async find(id: string): Promise<Post | undefined> {
    const [post] = await this.#read([id])
    return post
  }

  /** Stores a post; one with the same id is replaced. */
  async save(post: Post): Promise<void> {
    const record = z.encode(postRecord, post)
    await runPipeline(
      this.#redis
        .multi()
        .set(this.#postKey(post.id), JSON.stringify(record))
        .zadd(this.#listKey, record.publishedAt, post.id),
    )
  }

  /** Stores those posts whose ids are new and leaves the others as they are. All in one transaction: at most 1,000. */
  async saveNew(posts: Post[]): Promise<void> {
    if (posts.length > 1000) throw new TypeError(`Expected at most 1,000 posts at once, got ${posts.length}.`)
    if (posts.length === 0) return
    const transaction = this.#redis.multi()
    for (const post of posts) {
      const record = z.encode(postRecord, post)
      transaction.set(this.#postKey(post.id), JSON.stringify(record), 'NX')
      transaction.zadd(this.#listKey, 'NX', record.publishedAt, post.id)
    }
    await runPipeline(transaction)
  }

  /** Every post that is published by now, newest first, read in batches; each at most once, whatever is stored meanwhile. */
  async *all(): AsyncGenerator<Post> {
    let score: string | number = Date.now()
    let read = 0 // how many were read at this very time of publication
    let seen = new Set<string>() // and which, because one that is stored now pushes the others on
    for (;;) {
      const reply: string[] = await this.#redis.zrevrangebyscore(
        this.#listKey,
        score,
        '-inf',
        'WITHSCORES',
        'LIMIT',
        read,
        BATCH,
      )
      if (reply.length === 0) return
      const ids: string[] = []
      for (let index = 0; index < reply.length; index += 2) {
        const [id = '', at = ''] = reply.slice(index, index + 2)
        if (at !== String(score)) {
          score = at
          read = 0
          seen = new Set()
        }
        if (!seen.has(id)) ids.push(id)
        seen.add(id)
        read += 1
      }
      yield* await this.#read(ids)
    }
  }

  // A record that is gone or broken takes nothing from the others.
  async #read(ids: string[]): Promise<Post[]> {
    if (ids.length === 0) return []
    const stored = await this.#redis.mget(ids.map(id => this.#postKey(id)))
    return stored.map(parse).filter(post => post !== undefined)
  }

  get #listKey(): string {
    return `${this.#prefix}:posts`
  }

  #postKey(id: string): string {
    return `${this.#prefix}:post:${id}`
  }
}

const BATCH = 500

function parse(stored: string | null): Post | undefined {
  if (stored === null) return undefined
  try {
    return z.decode(postRecord, JSON.parse(stored))
  } catch {
    return undefined
  }
}

function whole(name: string, value: number, most: number): number {
  if (Number.isInteger(value) && value >= 1 && value <= most) return value
  throw new TypeError(`Expected ${name} to be a whole number from 1 to ${most}, got ${value}.`)
}
