import { setTimeout as wait } from 'node:timers/promises'
import { defineJob, JobFailure, JobStopped } from '@tidings/jobs'
import { LEVELS } from '@tidings/messages'
import { z } from 'zod'
import type { Blog } from './blog.ts'
import { withPage } from './job-page.ts'
import { quoted } from './plain-text.ts'
import type { Post } from './post.ts'
import { timeInWords } from './time-in-words.ts'

const MINUTE = 60_000

/** Why the job is cancelled of a post whose author has chosen another time, or none. */
export const DECIDED_OTHERWISE = 'You have decided otherwise since.'

/**
 * The job that publishes a post at its time. It is told the key of the schedule that it is for, and does nothing where the
 * post has another one by now, or is gone: then it ends as cancelled, as its author decided. Where it runs again, after a
 * kill, the post stays as the first run left it.
 */
export function definePublishPost(blog: Pick<Blog, 'posts'>) {
  const definition = defineJob({
    name: 'publish-post',
    title: 'Publish a post',
    input: z.object({
      post: z.string().min(1),
      key: z.string().min(1),
      title: z.string(),
      at: z.iso.datetime(),
    }),
    attempts: 3,
    backoff: { type: 'exponential', delay: 1_000 },
    timeLimit: 5 * MINUTE,

    async run({ input, owner, signal }) {
      const isMeant = (found: Post) => found.authorId === owner && found.schedule?.key === input.key
      const at = new Date(input.at)
      const early = at.getTime() - Date.now()
      // The clocks of two machines may differ a little. More than that is a cancelled job that somebody tries again.
      if (early > MINUTE)
        throw new JobFailure('Its time has not come yet. Open the post and choose the time again.')
      if (early > 0) {
        // Who is told to stop goes on to look at the post: its author may have chosen another time.
        await wait(early, undefined, { signal }).catch(async error => {
          const found = await blog.posts.find(input.post)
          if (found && isMeant(found)) throw error
        })
      }
      const now = Date.now()
      const publishedAt = now - at.getTime() < MINUTE ? at : new Date(now)
      const post = await blog.posts.update(input.post, found =>
        isMeant(found) && !found.publishedAt ? { ...found, publishedAt } : undefined,
      )
      if (post && post.authorId !== owner) throw new JobFailure('The post is not there any more.')
      if (!post || !isMeant(post)) throw new JobStopped('cancelled', DECIDED_OTHERWISE)
      return { post: post.id, title: post.title }
    },

    messages: {
      success: ({ result }) => ({
        text: `Your post ${quoted(result.title)} is live.`,
        link: { href: `/posts/${encodeURIComponent(result.post)}`, text: 'Read it' },
      }),
      failure: ({ input, reason }) => `${quoted(input.title)} was not published. ${reason}`,
      cancelled({ input, reason }) {
        const text = `${quoted(input.title)} will not be published on ${timeInWords(new Date(input.at))}`
        // Whoever chooses another time wants the first one's job to end.
        return reason === DECIDED_OTHERWISE
          ? { text: `${text}, as you decided.`, level: LEVELS.INFO }
          : `${text}.`
      },
    },
  })
  return withPage(definition, {
    form: 'none', // it is started where the post is written
    given: ({ title, at }) => [
      { term: 'Title', value: title },
      { term: 'Time', value: new Date(at) },
    ],
    result(result) {
      const { data } = z.object({ title: z.string() }).safeParse(result)
      return data && { facts: [{ term: 'Published', value: data.title }] }
    },
  })
}
