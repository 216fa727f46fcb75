import type { Jobs } from '@tidings/jobs'
import type { RedisMessageStore } from '@tidings/messages'
import type { Blog } from './blog.ts'
import type { User } from './user.ts'

/** Where a user has left something. */
export interface UserTraces {
  blog: Blog
  store: Pick<RedisMessageStore, 'forget'>
  jobs: Pick<Jobs, 'forget'>
}

/** What became of it. */
export interface DeletedUser {
  user: User
  /** Jobs that didn't stop in time; they stay until they end, and tell nobody. */
  running: number
}

/**
 * Deletes an account and all that belongs to it: sessions end at once, jobs are cancelled and removed, files, posts and messages
 * go, the account last. Where it breaks off, the same call goes on from there.
 * @param options.within how long running jobs may take to stop, in milliseconds; 10 seconds by default
 * @returns undefined where there is no such user
 */
export async function deleteUser(
  { blog, store, jobs }: UserTraces,
  id: string,
  { within = 10_000 }: { within?: number } = {},
): Promise<DeletedUser | undefined> {
  const user = await blog.users.disable(id)
  if (user === undefined) return undefined
  const running = await jobs.forget(id, { within })
  // After the jobs, which write files and posts; each page of posts is the first, since the one before is gone.
  await blog.files.deleteOf(id)
  for (let posts = (await blog.posts.listOwn(id)).posts; posts.length > 0; ) {
    for (const post of posts) await blog.posts.delete(post)
    posts = (await blog.posts.listOwn(id)).posts
  }
  await store.forget(id)
  await blog.users.delete(id)
  return { user, running }
}
