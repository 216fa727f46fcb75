import { beforeEach, expect, it } from 'vitest'
import { monitor } from '../../../test/monitor.ts'
import { testRedis } from '../../../test/redis.ts'
import { createBlog, type Post } from '../src/index.ts'

const { redis, prefix, url } = testRedis()
let round = 0
let posts: ReturnType<typeof createBlog>['posts']
beforeEach(() => {
  round += 1
  posts = createBlog({ redis, prefix: `${prefix}:${round}` }).posts
})

const DAY = 24 * 60 * 60_000

function post(id: string, daysAgo: number): Post {
  const publishedAt = new Date(Date.now() - daysAgo * DAY)
  return {
    id,
    title: `Title ${id}`,
    body: 'Body',
    tags: ['a', 'b'],
    author: 'alice',
    authorId: '7',
    publishedAt,
  }
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

it('gives back a post as it was saved', async () => {
  const saved = post('one', 1)
  await posts.save(saved)
  expect(await posts.find('one')).toEqual(saved)
  expect(await posts.find('two')).toBeUndefined()
})

it('lists newest first, twenty to a page', async () => {
  await posts.saveNew(Array.from({ length: 45 }, (_, n) => post(`p${n}`, n + 1)))
  const first = await posts.list()
  expect(first).toMatchObject({ page: 1, pages: 3, total: 45 })
  expect(first.posts.map(({ id }) => id)).toEqual(Array.from({ length: 20 }, (_, n) => `p${n}`))
  const last = await posts.list({ page: 3 })
  expect(last.posts.map(({ id }) => id)).toEqual(['p40', 'p41', 'p42', 'p43', 'p44'])
  expect((await posts.list({ page: 4 })).posts).toEqual([])
  expect((await posts.list({ page: 2, perPage: 40 })).posts).toHaveLength(5)
})

it('has one page, an empty one, when there are no posts', async () => {
  expect(await posts.list()).toEqual({ posts: [], page: 1, pages: 1, total: 0 })
})

it('lists no post before its time', async () => {
  await posts.save(post('now', 0))
  await posts.save(post('tomorrow', -1))
  expect(await posts.list()).toMatchObject({ posts: [{ id: 'now' }], total: 1 })
  expect((await collect(posts.all())).map(({ id }) => id)).toEqual(['now'])
  expect(await posts.find('tomorrow')).toBeDefined()
})

it('replaces a post that is saved again', async () => {
  await posts.save(post('one', 1))
  await posts.save({ ...post('one', 3), title: 'New' })
  const { posts: listed, total } = await posts.list()
  expect(total).toBe(1)
  expect(listed).toMatchObject([{ id: 'one', title: 'New' }])
  expect(listed[0]?.publishedAt.getTime()).toBeLessThan(Date.now() - 2 * DAY)
})

it('leaves a post that is there when new ones are saved', async () => {
  const first = post('one', 1)
  await posts.save(first)
  await posts.saveNew([{ ...post('one', 3), title: 'New' }, post('two', 2)])
  expect((await posts.list()).posts).toMatchObject([first, { id: 'two' }])
})

it('walks through all posts once, also through hundreds of one moment', async () => {
  const moment = new Date(Date.now() - DAY)
  const many = Array.from({ length: 1700 }, (_, n) => ({
    ...post(`p${n}`, n / 100),
    ...(n >= 100 && n < 1600 ? { publishedAt: moment } : {}),
  }))
  await posts.saveNew(many.slice(0, 900))
  await posts.saveNew(many.slice(900))
  const ids = (await collect(posts.all())).map(({ id }) => id)
  expect(ids).toHaveLength(1700)
  expect(new Set(ids).size).toBe(1700)
})

it('walks through the posts once while others are stored', async () => {
  await posts.saveNew(Array.from({ length: 1000 }, (_, n) => post(`p${n}`, n + 10)))
  const ids: string[] = []
  for await (const { id } of posts.all()) {
    ids.push(id)
    if (ids.length % 100 === 0) await posts.save(post(`new${ids.length}`, ids.length / 1000))
  }
  const old = ids.filter(id => id.startsWith('p'))
  expect(old).toHaveLength(1000)
  expect(new Set(ids).size).toBe(ids.length)
})

it('walks through the posts once while hundreds are stored with the same time', {
  timeout: 5_000,
}, async () => {
  const moment = { publishedAt: new Date(Date.now() - DAY) }
  await posts.saveNew(Array.from({ length: 1000 }, (_, n) => ({ ...post(`p${n}`, 0), ...moment })))
  const ids: string[] = []
  for await (const { id } of posts.all()) {
    ids.push(id)
    if (ids.length === 100) {
      await posts.saveNew(Array.from({ length: 700 }, (_, n) => ({ ...post(`z${n}`, 0), ...moment })))
    }
  }
  expect(ids.filter(id => id.startsWith('p'))).toHaveLength(1000)
  expect(new Set(ids).size).toBe(ids.length)
})

it('passes over a record that is broken', async () => {
  await posts.saveNew([post('one', 1), post('two', 2)])
  await redis.set(`${prefix}:${round}:post:one`, '{"id":')
  expect((await posts.list()).posts.map(({ id }) => id)).toEqual(['two'])
  expect(await posts.find('one')).toBeUndefined()
})

it('asks Redis twice for a page', async () => {
  await posts.saveNew(Array.from({ length: 30 }, (_, n) => post(`p${n}`, n + 1)))
  const commands = await monitor(url)
  await posts.list()
  const own = () => commands.filter(({ words }) => words.some(word => word.startsWith(`${prefix}:${round}:`)))
  await expect
    .poll(() => own().map(({ words }) => words[0]?.toLowerCase()))
    .toEqual(['zcount', 'zrevrangebyscore', 'mget'])
})

it.each([{ page: 0 }, { page: 1.5 }, { page: Number.NaN }, { perPage: 0 }, { perPage: 101 }])(
  'refuses %j',
  async options => {
    await expect(posts.list(options)).rejects.toThrow('to be a whole number from 1 to')
  },
)

it('creates a post once', async () => {
  const first = post('one', 1)
  expect(await posts.create(first)).toBe(true)
  expect(await posts.create({ ...first, title: 'New', publishedAt: undefined })).toBe(false)
  expect(await posts.list()).toMatchObject({ posts: [first], total: 1 })
})

it('changes a post, and asks again where somebody else did meanwhile', async () => {
  await posts.save(post('one', 1))
  const changed = await Promise.all(
    Array.from({ length: 5 }, () => posts.update('one', found => ({ ...found, title: `${found.title}+` }))),
  )
  expect(changed).toHaveLength(5)
  expect((await posts.find('one'))?.title).toBe('Title one+++++')
  expect(await posts.update('one', () => undefined)).toMatchObject({ title: 'Title one+++++' })
  expect(await posts.update('two', found => found)).toBeUndefined()
})

it('lists a post from its publication on, and no longer when that is taken back', async () => {
  const draft = { ...post('one', 1), publishedAt: undefined }
  await posts.save(draft)
  expect(await posts.list()).toMatchObject({ posts: [], total: 0 })
  await posts.update('one', found => ({ ...found, publishedAt: new Date() }))
  expect(await posts.list()).toMatchObject({ posts: [{ id: 'one' }], total: 1 })
  await posts.save(draft)
  expect(await posts.list()).toMatchObject({ posts: [], total: 0 })
  expect(await posts.listOwn('7')).toMatchObject({ posts: [{ id: 'one' }], total: 1 })
})

it('lists an author’s own posts, what isn’t published first', async () => {
  await posts.saveNew([post('old', 3), post('new', 1), { ...post('other', 2), authorId: '8' }])
  await posts.save({ ...post('draft', 0), publishedAt: undefined })
  const own = await posts.listOwn('7', { perPage: 2 })
  expect(own).toMatchObject({ page: 1, pages: 2, total: 3 })
  expect(own.posts.map(({ id }) => id)).toEqual(['draft', 'new'])
  expect((await posts.listOwn('7', { perPage: 2, page: 2 })).posts.map(({ id }) => id)).toEqual(['old'])
})

it('deletes a post from every list', async () => {
  await posts.saveNew([post('one', 1), post('two', 2)])
  expect(await posts.delete(post('one', 1))).toBe(true)
  expect(await posts.delete(post('one', 1))).toBe(false)
  expect((await posts.list()).posts.map(({ id }) => id)).toEqual(['two'])
  expect((await posts.listOwn('7')).total).toBe(1)
  expect(await posts.find('one')).toBeUndefined()
})
