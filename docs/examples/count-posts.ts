import { type Blog, withPage } from '@tidings/blog'
import { defineJob, JobFailure } from '@tidings/jobs'
import { z } from 'zod'

export function defineCountPosts(blog: Blog) {
  const definition = defineJob({
    name: 'count-posts',
    title: 'Count posts',
    input: z.object({
      tag: z
        .string()
        .trim()
        .min(1)
        .max(40)
        .meta({ title: 'Tag', description: 'One, as it stands below a post.' }),
    }),
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
  return withPage(definition, { form: { about: 'Counts the posts that have a tag.', button: 'Count' } })
}
