import { createHash, randomUUID } from 'node:crypto'
import type { Jobs } from '@tidings/jobs'
import type { blogJobs } from './blog-jobs.ts'
import type { Post } from './post.ts'
import type { PostStore } from './post-store.ts'
import type { PostText } from './post-text.ts'
import { isSaved, PostChangedError, versionOf } from './post-version.ts'
import { DECIDED_OTHERWISE } from './publish-post.ts'
import type { User } from './user.ts'

/** When a post is to be published: at once, not yet, or by a job at a moment to come. */
export type When = 'now' | 'draft' | Date

/** Where a post stands. `stopped`: its time was chosen, but no job will publish it. */
export type PostState = 'published' | 'scheduled' | 'stopped' | 'draft'

/** A form made a post already, and came again with something else in it. */
export class PostExistsError extends Error {
  override readonly name = 'PostExistsError'
  /** The post's id. */
  readonly id: string

  constructor(id: string) {
    super('This form made another post before.')
    this.id = id
  }
}

/**
 * Writes posts for their authors, with the jobs that publish them: one job a schedule, which ends with words of its own
 * when its author chooses another time. The post is stored before its job is, so that the job finds it.
 */
export class PostWriter {
  readonly #posts: PostStore
  readonly #jobs: Pick<Jobs, 'enqueue' | 'cancel' | 'find'>
  readonly #publishPost: ReturnType<typeof blogJobs>['publishPost']

  constructor(parts: {
    posts: PostStore
    jobs: Pick<Jobs, 'enqueue' | 'cancel' | 'find'>
    publishPost: ReturnType<typeof blogJobs>['publishPost']
  }) {
    this.#posts = parts.posts
    this.#jobs = parts.jobs
    this.#publishPost = parts.publishPost
  }

  /**
   * Makes a post. The same author and key make one post, however often they come.
   * @throws PostExistsError where they made another one; what `enqueue` throws where the job can't be had: then the post is
   * kept, and the same call again goes on from there
   */
  async create(author: User, key: string, text: PostText, when: When): Promise<Post> {
    const id = postId(author.id, key)
    const post: Post = { id, ...text, author: author.username, authorId: author.id, ...timing(when) }
    if (await this.#posts.create(post)) return this.#scheduled(post)
    const existing = await this.#posts.find(id)
    if (!existing || !isSame(existing, post)) throw new PostExistsError(id)
    return this.#scheduled(existing)
  }

  /**
   * Changes a post of this author's. One that is published stays published, whatever `when` says.
   * @param version the version that was edited, of `versionOf`; without it, whatever is there is replaced
   * @returns undefined where there is none, or it is somebody else's
   * @throws PostChangedError where it was changed since that version: then nothing is; what `enqueue` throws where the job can't be had: then the text is kept, and the same call again goes on from there
   */
  async edit(
    author: User,
    id: string,
    text: PostText,
    when: When,
    version?: string,
  ): Promise<Post | undefined> {
    const post = await this.own(author, id)
    if (!post) return undefined
    const stopped = post.schedule?.job && (await this.stateOf(post)) === 'stopped' ? post.schedule.key : ''
    let old: Post['schedule']
    const edited = await this.#posts.update(id, found => {
      if (version !== undefined && version !== versionOf(found) && !isSaved(found, text, when))
        throw new PostChangedError(found)
      const { schedule, publishedAt } = found
      const isKept = when instanceof Date && schedule?.at.getTime() === when.getTime()
      old = undefined
      if (publishedAt || (isKept && schedule?.key !== stopped)) return { ...found, ...text }
      old = schedule
      return { ...found, ...text, schedule: undefined, ...timing(when) }
    })
    const saved = edited && (await this.#scheduled(edited))
    if (old?.job) await this.#jobs.cancel(old.job, { owner: author.id, reason: DECIDED_OTHERWISE })
    return saved
  }

  /** Deletes a post of this author's, and cancels the job that was to publish it. @returns whether it was there. */
  async delete(author: User, id: string): Promise<boolean> {
    const post = await this.own(author, id)
    if (!post || !(await this.#posts.delete(post))) return false
    if (!post.publishedAt && post.schedule?.job)
      await this.#jobs.cancel(post.schedule.job, { owner: author.id, reason: DECIDED_OTHERWISE })
    return true
  }

  /** A post of this author's, published or not; anybody else's looks like none. */
  async own(author: User, id: string): Promise<Post | undefined> {
    const post = await this.#posts.find(id)
    return post?.authorId === author.id ? post : undefined
  }

  /** Where a post stands. */
  async stateOf({ publishedAt, schedule, authorId }: Post): Promise<PostState> {
    if (publishedAt) return 'published'
    if (!schedule) return 'draft'
    const job = schedule.job && (await this.#jobs.find(schedule.job, { owner: authorId }))
    return !job || job.state === 'failed' || job.state === 'completed' ? 'stopped' : 'scheduled'
  }

  // The schedule's key makes it one job, also where nobody knows whether it was taken.
  async #scheduled(post: Post): Promise<Post> {
    const { id, title, authorId, schedule } = post
    if (post.publishedAt || !schedule || schedule.job) return post
    const { key, at } = schedule
    const { id: job } = await this.#jobs.enqueue(
      this.#publishPost,
      { post: id, key, title, at: at.toISOString() },
      { owner: authorId, delay: Math.max(0, at.getTime() - Date.now()), idempotencyKey: key, sameInput: key },
    )
    const noted = await this.#posts.update(id, found =>
      found.schedule?.key === key ? { ...found, schedule: { ...schedule, job } } : undefined,
    )
    return noted ?? post
  }
}

function timing(when: When): Pick<Post, 'publishedAt' | 'schedule'> {
  if (when === 'now') return { publishedAt: new Date() }
  return when === 'draft' ? {} : { schedule: { at: when, key: randomUUID() } }
}

function isSame(existing: Post, post: Post): boolean {
  const shown = ({ title, body, tags, schedule, publishedAt }: Post) =>
    JSON.stringify([title, body, tags, schedule?.at ?? publishedAt !== undefined])
  return shown(existing) === shown(post)
}

// Shaped like a UUID, as the ids of imported posts are.
function postId(authorId: string, key: string): string {
  const hash = createHash('sha256')
    .update(JSON.stringify(['post', authorId, key]))
    .digest('hex')
  return hash.slice(0, 32).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}
