import type { Blog } from '@tidings/blog'
import { defineJob, JobFailure } from '@tidings/jobs'
import { z } from 'zod'

export function defineCountPosts(blog: Blog) {
  return defineJob({
    name: 'count-posts',
    title: 'Count posts',
    input: z.object({ tag: z.string().min(1) }),
    async run({ input, signal }) {
      let posts = 0
      for await (const post of blog.posts.all()) {
        signal.throwIfAborted()
        if (post.tags.includes(input.tag)) posts += 1
      }
      if (posts === 0) throw new JobFailure('No post has that tag.') // the owner reads this text
      return { posts }
    },
    messages: {
      success: ({ input, result }) => `Posts about ${input.tag}: ${result.posts}.`,
      failure: ({ input, reason }) => `Counting the posts about ${input.tag} failed. ${reason}`,
    },
  })
}
