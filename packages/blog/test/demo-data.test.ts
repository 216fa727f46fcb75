import { expect, it } from 'vitest'
import { testRedis } from '../../../test/redis.ts'
import { createBlog, DEMO_PASSWORD, seedDemo } from '../src/index.ts'

const { redis, prefix } = testRedis()

it('makes the demo accounts and some posts', async () => {
  const blog = createBlog({ redis, prefix: `${prefix}:once`, passwordCost: 1024 })
  await seedDemo(blog)
  expect(DEMO_PASSWORD).toBe('tidings-demo')
  expect(await blog.users.authenticate('alice', 'tidings-demo')).toMatchObject({
    username: 'alice',
    role: 'member',
  })
  expect(await blog.users.authenticate('bob', 'tidings-demo')).toMatchObject({
    username: 'bob',
    role: 'member',
  })
  expect(await blog.users.authenticate('staff', 'tidings-demo')).toMatchObject({
    username: 'staff',
    role: 'staff',
  })
  const { posts, total } = await blog.posts.list()
  expect(total).toBeGreaterThan(3)
  for (const post of posts)
    expect(await blog.users.find(post.authorId)).toMatchObject({ username: post.author })
})

it('makes one set, however often and in however many processes at once it runs', async () => {
  const stores = Array.from({ length: 4 }, () =>
    createBlog({ redis, prefix: `${prefix}:often`, passwordCost: 1024 }),
  )
  await Promise.all(stores.map(seedDemo))
  const [blog] = stores
  if (!blog) throw new Error('There is no blog.')
  const before = await blog.posts.list()
  const alice = await blog.users.findByName('alice')
  await seedDemo(blog)
  expect(await blog.posts.list()).toEqual(before)
  expect(await blog.users.findByName('alice')).toEqual(alice)
  const accounts = await redis.keys(`${prefix.replace(/[{}]/g, '\\$&')}:often:user:*`)
  expect(accounts).toHaveLength(3)
})
