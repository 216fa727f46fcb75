import { type Blog, blogJobs, createBlog, seedDemo } from '@tidings/blog'
import { createJobs, type Jobs } from '@tidings/jobs'
import { RedisMessageStore } from '@tidings/messages'
import type { Redis } from 'ioredis'

export async function demoBlog(redis: Redis): Promise<{ blog: Blog; jobs: Jobs }> {
  const blog = createBlog({ redis })
  await seedDemo(blog) // alice, bob and staff, and a few posts
  const definitions = Object.values(blogJobs(blog, { demo: true }))
  return { blog, jobs: createJobs({ redis, store: new RedisMessageStore({ redis }), definitions }) }
}
