import { z } from 'zod'
import { type Post, postRecord } from './post.ts'

/** A post as its record in Redis. */
export function encoded(post: Post): string {
  return JSON.stringify(z.encode(postRecord, post))
}

/** The post of a record; undefined where there is none, or it is broken. */
export function decoded(record: string | null): Post | undefined {
  if (record === null) return undefined
  try {
    return z.decode(postRecord, JSON.parse(record))
  } catch {
    return undefined
  }
}
