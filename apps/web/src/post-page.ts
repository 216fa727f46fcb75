import type { Post, PublishedPost } from '@tidings/blog'
import { shownTime } from './shown-time.ts'

/** A published post as a page shows it. */
export function postOnPage(post: PublishedPost) {
  return { ...unpublishedOnPage(post), published: shownTime(post.publishedAt) }
}

/** A post as its author sees it before it is published. */
export function unpublishedOnPage({ id, title, body, tags, author }: Post) {
  return { href: postPath(id), title, body, tags, author }
}

/** Whether visitors may see a post. */
export function isPublic(post: Post): post is PublishedPost {
  return post.publishedAt !== undefined && post.publishedAt.getTime() <= Date.now()
}

/** The address of a post. */
export function postPath(id: string): string {
  return `/posts/${encodeURIComponent(id)}`
}
