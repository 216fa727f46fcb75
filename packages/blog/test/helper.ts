import type { JobContext } from '@tidings/jobs'
import { testRedis } from '../../../test/redis.ts'
import { blogJobs, createBlog, type User } from '../src/index.ts'

/** A blog of its own on the run's Redis, its jobs, and two users. */
export async function testBlog() {
  const { redis, prefix } = testRedis()
  const blog = createBlog({ redis, prefix, passwordCost: 1024 })
  const [alice, bob] = await Promise.all([account('alice'), account('bob')])
  return {
    redis,
    prefix,
    blog,
    jobs: blogJobs(blog, { demo: true }),
    alice,
    bob,
    upload,
    published,
    forgetPosts,
    keys,
  }

  function account(username: string): Promise<User> {
    return blog.users.create({ username, password: 'correct horse' })
  }

  /** Stores a file as the web process does, and gives back the input of an import. */
  async function upload(content: string | Buffer, owner = alice.id): Promise<{ file: string; name: string }> {
    const file = {
      owner,
      name: 'posts.csv',
      type: 'text/csv',
      ttl: 60_000,
      content: [Buffer.from(content as string)],
    }
    const { id } = await blog.files.save(file, { maxBytes: 20_000_000 })
    return { file: id, name: 'posts.csv' }
  }

  async function published() {
    const posts = []
    for await (const post of blog.posts.all()) posts.push(post)
    return posts
  }

  async function forgetPosts(): Promise<void> {
    await redis.unlink(`${prefix}:posts`, ...(await keys('post:')))
  }

  /** The keys of this blog that begin like this after its prefix. */
  function keys(start: string): Promise<string[]> {
    return redis.keys(`${prefix.replace(/[{}]/g, '\\$&')}:${start}*`)
  }
}

/** What `run` is given, for tests that run one job twice or stop it half way; performJob does for the others. */
export function jobContext<Input>(input: Input, more: Partial<JobContext<Input>> = {}): JobContext<Input> {
  const none = () => undefined
  const log = { debug: none, info: none, warn: none, error: none } as unknown as JobContext<Input>['log']
  const signal = new AbortController().signal
  const progress = async () => undefined
  return { input, owner: '', jobId: 'job-1', attempt: 1, attempts: 3, progress, signal, log, ...more }
}

export async function read(content: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of content) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}
