import type { Post, PostState, PublishedPost } from '@tidings/blog'
import { type ShownTime, shownTime } from './shown-time.ts'

/** A published post as the listing shows it. */
export function postInListing(post: PublishedPost) {
  const { id, title, body, tags, author, publishedAt } = post
  return { href: postPath(id), title, body, tags, author, published: shownTime(publishedAt) }
}

/** A post as its own page shows it. To its author it says how it stands. */
export function postOnPage(post: Post, state: PostState | undefined) {
  const { id, title, body, tags, author, publishedAt } = post
  return {
    title,
    paragraphs: body.split(/\n{2,}/).filter(paragraph => paragraph.trim() !== ''),
    tags,
    author,
    published: publishedAt && shownTime(publishedAt),
    standing: state && state !== 'published' ? standing(state, post) : undefined,
    edit: state && `${postPath(id)}/edit`,
    delete: state && `${postPath(id)}/delete`,
  }
}

/** A post in its author's own list. */
export function postInList(post: Post, state: PostState) {
  const href = postPath(post.id)
  return {
    href,
    title: post.title,
    edit: `${href}/edit`,
    delete: `${href}/delete`,
    state,
    ...standing(state, post),
  }
}

/** Whether visitors may see a post. */
export function isPublic(post: Post): post is PublishedPost {
  return post.publishedAt !== undefined && post.publishedAt.getTime() <= Date.now()
}

/** The address of a post. */
export function postPath(id: string): string {
  return `/posts/${encodeURIComponent(id)}`
}

interface Standing {
  word: string
  /** The colour that goes with the word. */
  tone: 'info' | 'warning' | 'success' | 'debug'
  text?: string
  time?: ShownTime
}

function standing(state: PostState, { publishedAt, schedule }: Post): Standing {
  const at = schedule && shownTime(schedule.at)
  switch (state) {
    case 'published': {
      const time = publishedAt && shownTime(publishedAt)
      const isToCome = publishedAt !== undefined && publishedAt.getTime() > Date.now()
      return {
        word: isToCome ? 'To come' : 'Published',
        tone: isToCome ? 'info' : 'success',
        ...(time && { time }),
      }
    }
    case 'scheduled':
      return { word: 'Scheduled', tone: 'info', text: 'It will be published on', ...(at && { time: at }) }
    case 'stopped': {
      const text = 'Its job was stopped: choose a time again. It was to be published on'
      return { word: 'Not scheduled', tone: 'warning', text, ...(at && { time: at }) }
    }
    case 'draft':
      return { word: 'Draft', tone: 'debug' }
  }
}
