import { readFileSync } from 'node:fs'
import type { Redis } from 'ioredis'
import type { Post, PublishedPost } from './post.ts'
import { runPipeline } from './run-pipeline.ts'
import { decoded, encoded } from './stored-post.ts'

/** One page of posts, newest first; `page` counts from 1, `pages` is at least 1. */
export interface PostPage<P extends Post = PublishedPost> {
  posts: P[]
  page: number
  pages: number
  total: number
}

/** Which page is asked for: `page` from 1, 1 by default; `perPage` 1 to 100, 20 by default. */
export interface PageOptions {
  page?: number
  perPage?: number
}

/** The posts: one record a post, a sorted set of the published ones by their time, and one of each author's own. */
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
   * @throws TypeError when a number is out of its range
   */
  async list(options: PageOptions = {}): Promise<PostPage> {
    const page = await this.#page(this.#listKey, Date.now(), options)
    return { ...page, posts: page.posts.filter(isPublished) }
  }

  /**
   * A page of what somebody wrote: first what isn't published, what was saved last on top, then what is, newest first.
   * @throws TypeError when a number is out of its range
   */
  async listOwn(authorId: string, options: PageOptions = {}): Promise<PostPage<Post>> {
    return this.#page(this.#ownKey(authorId), '+inf', options)
  }

  /** The post with this id, published or not. */
  async find(id: string): Promise<Post | undefined> {
    const [post] = await this.#read([id])
    return post
  }

  /** Stores a post; one with the same id is replaced. */
  async save(post: Post): Promise<void> {
    const transaction = this.#redis.multi().set(this.#postKey(post.id), encoded(post))
    if (post.publishedAt) transaction.zadd(this.#listKey, post.publishedAt.getTime(), post.id)
    else transaction.zrem(this.#listKey, post.id)
    await runPipeline(transaction.zadd(this.#ownKey(post.authorId), ownScore(post), post.id))
  }

  /** Stores those posts whose ids are new and leaves the others as they are. All in one transaction: at most 1,000. */
  async saveNew(posts: Post[]): Promise<void> {
    if (posts.length > 1000) throw new TypeError(`Expected at most 1,000 posts at once, got ${posts.length}.`)
    if (posts.length === 0) return
    const transaction = this.#redis.multi()
    for (const post of posts) {
      transaction.set(this.#postKey(post.id), encoded(post), 'NX')
      if (post.publishedAt) transaction.zadd(this.#listKey, 'NX', post.publishedAt.getTime(), post.id)
      transaction.zadd(this.#ownKey(post.authorId), 'NX', ownScore(post), post.id)
    }
    await runPipeline(transaction)
  }

  /** Stores a post whose id is new. @returns false where there is one with this id, which stays as it is. */
  async create(post: Post): Promise<boolean> {
    return this.#replace('', post)
  }

  /**
   * Changes a post, all at once or not at all: `change` is given the post and answers what it is to be, or undefined to leave
   * it as it is. Where somebody else changed the post meanwhile, it is asked again.
   * @returns the post as it is then; undefined where there is none
   */
  async update(id: string, change: (post: Post) => Post | undefined): Promise<Post | undefined> {
    for (let tries = 0; tries < TRIES; tries += 1) {
      const before = await this.#redis.get(this.#postKey(id))
      const post = decoded(before)
      if (before === null || !post) return undefined
      const changed = change(post)
      if (!changed) return post
      if (await this.#replace(before, changed)) return changed
    }
    throw new Error(`Post ${id} was changed by others ${TRIES} times while it was to be changed.`)
  }

  /** Deletes a post. @returns whether it was there. */
  async delete({ id, authorId }: Pick<Post, 'id' | 'authorId'>): Promise<boolean> {
    const [deleted] = await runPipeline(
      this.#redis.multi().del(this.#postKey(id)).zrem(this.#listKey, id).zrem(this.#ownKey(authorId), id),
    )
    return deleted === 1
  }

  /** Every post that is published by now, newest first, read in batches; each at most once, whatever is stored meanwhile. */
  async *all(): AsyncGenerator<PublishedPost> {
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
      yield* (await this.#read(ids)).filter(isPublished)
    }
  }

  async #page(key: string, newest: number | '+inf', options: PageOptions): Promise<PostPage<Post>> {
    const page = whole('page', options.page ?? 1, Number.MAX_SAFE_INTEGER / 100)
    const perPage = whole('perPage', options.perPage ?? 20, 100)
    const [total, ids] = (await runPipeline(
      this.#redis
        .pipeline()
        .zcount(key, '-inf', newest)
        .zrevrangebyscore(key, newest, '-inf', 'LIMIT', (page - 1) * perPage, perPage),
    )) as [number, string[]]
    return { posts: await this.#read(ids), page, pages: Math.max(1, Math.ceil(total / perPage)), total }
  }

  async #replace(before: string, post: Post): Promise<boolean> {
    const keys = [this.#postKey(post.id), this.#listKey, this.#ownKey(post.authorId)]
    const scores = [post.publishedAt?.getTime() ?? '', ownScore(post)]
    return (await this.#redis.eval(REPLACE, 3, ...keys, before, encoded(post), post.id, ...scores)) === 1
  }

  // A record that is gone or broken takes nothing from the others.
  async #read(ids: string[]): Promise<Post[]> {
    if (ids.length === 0) return []
    const stored = await this.#redis.mget(ids.map(id => this.#postKey(id)))
    return stored.map(decoded).filter(post => post !== undefined)
  }

  get #listKey(): string {
    return `${this.#prefix}:posts`
  }

  #ownKey(authorId: string): string {
    return `${this.#prefix}:posts-of:${authorId}`
  }

  #postKey(id: string): string {
    return `${this.#prefix}:post:${id}`
  }
}

const BATCH = 500
const TRIES = 10
const REPLACE = readFileSync(new URL('../lua/replace-post.lua', import.meta.url), 'utf8')
// After every date of publication that there can be.
const NOT_PUBLISHED = 1e15

function ownScore(post: Post): number {
  return post.publishedAt?.getTime() ?? NOT_PUBLISHED + Date.now()
}

function isPublished(post: Post): post is PublishedPost {
  return post.publishedAt !== undefined
}

function whole(name: string, value: number, most: number): number {
  if (Number.isInteger(value) && value >= 1 && value <= most) return value
  throw new TypeError(`Expected ${name} to be a whole number from 1 to ${most}, got ${value}.`)
}
