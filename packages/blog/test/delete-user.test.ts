import { createJobs } from '@tidings/jobs'
import { info, RedisMessageStore } from '@tidings/messages'
import type { Redis } from 'ioredis'
import { afterAll, expect, it, vi } from 'vitest'
import { deleteUser } from '../src/index.ts'
import { testBlog } from './helper.ts'

const { redis, prefix, blog, jobs: definitions, alice, bob, upload } = await testBlog()
const store = new RedisMessageStore({ redis, prefix })
const jobs = createJobs({ redis, store, definitions: Object.values(definitions), maxPerOwner: 100 })
const worker = await jobs.work({ concurrency: 2 })
afterAll(async () => {
  await worker.close({ force: true })
  await jobs.close()
})
const demo = definitions.demo ?? missing()

async function leaveTraces(owner: typeof alice): Promise<{ running: string }> {
  const input = (seconds: number) => ({ label: `of ${owner.id}`, outcome: 'succeed' as const, seconds })
  const { id: ended } = await jobs.enqueue(demo, input(0), { owner: owner.id, idempotencyKey: 'once' })
  await jobs.enqueue(definitions.exportPosts, { format: 'csv' }, { owner: owner.id })
  await vi.waitFor(async () => {
    const states = (await jobs.list({ owner: owner.id })).map(({ state }) => state)
    expect(states).toEqual(['completed', 'completed'])
  }, 20_000)
  expect((await jobs.find(ended, { owner: owner.id }))?.state).toBe('completed')
  const { id: running } = await jobs.enqueue(demo, input(600), { owner: owner.id })
  await vi.waitFor(async () => {
    expect((await jobs.find(running, { owner: owner.id }))?.state).toBe('active')
  }, 20_000)
  await jobs.enqueue(demo, input(0), { owner: owner.id, delay: 600_000 })
  await jobs.schedule(demo, input(0), { owner: owner.id, id: 'daily', every: 600_000 })
  await upload('title,body\na,b', owner.id)
  const post = { body: 'b', tags: [], author: owner.username, authorId: owner.id }
  const published = Array.from({ length: 30 }, (_, n) => ({
    ...post,
    id: `${owner.id}-${n}`,
    title: `Post ${n}`,
    publishedAt: new Date(n),
  }))
  await blog.posts.saveNew(published)
  await blog.posts.save({ ...post, id: `${owner.id}-draft`, title: 'Draft' })
  await store.post(owner.id, info('For you.'))
  await store.broadcast(info('For all.'))
  const claim = await store.claim({ owner: owner.id }, { limit: 10 })
  if (claim) await store.confirm(claim, [])
  return { running }
}

it('leaves nothing of a user, and all of the others', async () => {
  await leaveTraces(alice)
  const { running } = await leaveTraces(bob)
  expect((await holding(redis, prefix, alice.id)).length).toBeGreaterThan(10)

  expect(await deleteUser({ blog, store, jobs }, alice.id)).toMatchObject({
    user: { id: alice.id, username: 'alice' },
    running: 0,
  })
  expect(await holding(redis, prefix, alice.id)).toEqual([])
  expect(await blog.users.findByName('alice')).toBeUndefined()

  expect(await blog.users.authenticate('bob', 'correct horse')).toBeDefined()
  expect((await jobs.find(running, { owner: bob.id }))?.state).toBe('active')
  expect(await jobs.schedules({ owner: bob.id })).toHaveLength(1)
  expect((await blog.posts.listOwn(bob.id)).total).toBe(31)
  expect((await store.inbox(bob.id)).length).toBeGreaterThan(2)
  await jobs.cancel(running, { owner: bob.id })
})

it('says what still runs, and goes on when it is asked again', async () => {
  const carol = await blog.users.create({ username: 'carol', password: 'correct horse' })
  await jobs.enqueue(demo, { label: 'x', outcome: 'hang', seconds: 0 }, { owner: carol.id })
  await vi.waitFor(async () => {
    expect((await jobs.list({ owner: carol.id }))[0]?.state).toBe('active')
  }, 20_000)
  const find = blog.files.deleteOf.bind(blog.files)
  blog.files.deleteOf = () => Promise.reject(new Error('Redis went away'))
  await expect(deleteUser({ blog, store, jobs }, carol.id, { within: 0 })).rejects.toThrow('went away')
  blog.files.deleteOf = find
  expect(await blog.users.authenticate('carol', 'correct horse')).toBeUndefined()
  expect(await deleteUser({ blog, store, jobs }, carol.id)).toMatchObject({ running: 0 })
  expect(await deleteUser({ blog, store, jobs }, carol.id)).toBeUndefined()
  expect(await holding(redis, prefix, carol.id)).toEqual([])
})

function missing(): never {
  throw new Error('Expected the demo job.')
}

/** The keys of which the name or anything in them holds this text. */
async function holding(redis: Redis, prefix: string, text: string): Promise<string[]> {
  const found: string[] = []
  for (const key of await redis.keys(`${prefix.replace(/[{}]/g, '\\$&')}*`))
    if (key.includes(text) || (await contentOf(redis, key)).includes(text)) found.push(key)
  return found
}

async function contentOf(redis: Redis, key: string): Promise<string> {
  switch (await redis.type(key)) {
    case 'string':
      return (await redis.get(key)) ?? ''
    case 'hash':
      return JSON.stringify(await redis.hgetall(key))
    case 'list':
      return (await redis.lrange(key, 0, -1)).join()
    case 'set':
      return (await redis.smembers(key)).join()
    case 'zset':
      return (await redis.zrange(key, '0', '-1')).join()
    case 'stream':
      return JSON.stringify(await redis.xrange(key, '-', '+'))
    default:
      return ''
  }
}
