import { createHash } from 'node:crypto'
import type { Post } from './post.ts'
import type { PostText } from './post-text.ts'
import type { When } from './post-writer.ts'

/** A post was changed by somebody else, or in another tab, since the version that was edited. */
export class PostChangedError extends Error {
  override readonly name = 'PostChangedError'
  /** As it is now. */
  readonly post: Post

  constructor(post: Post) {
    super(`Post ${post.id} was changed since the version that was edited.`)
    this.post = post
  }
}

/** What an author can change of a post, in short: another text or another time is another version. That it is published by its job is none. */
export function versionOf({ title, body, tags, schedule }: Post): string {
  const hash = createHash('sha256').update(JSON.stringify([title, body, tags, schedule?.key ?? '']))
  return hash.digest('base64url').slice(0, 22)
}

/** Whether saving this would leave the post as it is: then it was saved already, by the same form. */
export function isSaved(post: Post, text: PostText, when: When): boolean {
  const shown = ({ title, body, tags }: PostText) => JSON.stringify([title, body, tags])
  if (shown(post) !== shown(text)) return false
  if (post.publishedAt) return true
  return when instanceof Date
    ? post.schedule?.at.getTime() === when.getTime()
    : when === 'draft' && !post.schedule
}
