import { createJobs } from '@tidings/jobs'
import { LEVELS, RedisMessageStore } from '@tidings/messages'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { PostExistsError, PostWriter } from '../src/index.ts'
import { testBlog } from './helper.ts'

const { redis, prefix, blog, jobs: definitions, alice, bob, published } = await testBlog()
const store = new RedisMessageStore({ redis, prefix })
const jobs = createJobs({ redis, store, definitions: Object.values(definitions) })
const writer = new PostWriter({ posts: blog.posts, jobs, publishPost: definitions.publishPost })
afterAll(() => jobs.close())

const TEXT = { title: 'A walk', body: 'It rained.', tags: ['walks'] }
const HOUR = 60 * 60_000
const later = (hours = 1) => new Date(Date.now() + hours * HOUR)
let keys = 0
const newKey = () => `form-${++keys}`
const told = async () => (await store.inbox(alice.id)).map(({ text, level }) => ({ text, level }))
const jobsOf = async () => (await jobs.list({ owner: alice.id })).length

describe('a post that is written', () => {
  it('now is public at once, and without a job', async () => {
    const { id } = await writer.create(alice, newKey(), TEXT, 'now')
    expect((await blog.posts.list()).posts).toMatchObject([{ id, ...TEXT, author: 'alice' }])
    expect(await jobsOf()).toBe(0)
  })

  it('as a draft is its author’s alone', async () => {
    const draft = await writer.create(alice, newKey(), { ...TEXT, title: 'Draft' }, 'draft')
    expect(await writer.stateOf(draft)).toBe('draft')
    expect((await published()).map(({ title }) => title)).toEqual(['A walk'])
    expect(await writer.own(alice, draft.id)).toEqual(draft)
    expect(await writer.own(bob, draft.id)).toBeUndefined()
    expect((await blog.posts.listOwn(alice.id)).posts.map(({ title }) => title)).toEqual(['Draft', 'A walk'])
    expect((await blog.posts.listOwn(bob.id)).posts).toEqual([])
  })

  it('twice by one form is one post, also with a job, and with other text it is refused', async () => {
    const [key, at] = [newKey(), later()]
    const before = await jobsOf()
    const all = await Promise.all([1, 2, 3].map(() => writer.create(alice, key, TEXT, at)))
    expect(new Set(all.map(({ id, schedule }) => `${id} ${schedule?.job}`)).size).toBe(1)
    expect(await jobsOf()).toBe(before + 1)
    for (const when of ['now', 'draft', later(2)] as const)
      await expect(writer.create(alice, key, TEXT, when)).rejects.toThrow(PostExistsError)
    const other = writer.create(alice, key, { ...TEXT, body: 'Other' }, at)
    await expect(other).rejects.toMatchObject({ id: all[0]?.id })
    expect((await writer.create(bob, key, TEXT, 'draft')).id).not.toBe(all[0]?.id)
  })

  it('for a time gets its job by the second call, where the first broke off', async () => {
    const [key, at] = [newKey(), later()]
    const enqueue = vi.spyOn(jobs, 'enqueue').mockRejectedValueOnce(new Error('Command timed out'))
    await expect(writer.create(alice, key, TEXT, at)).rejects.toThrow('timed out')
    const [halfway] = (await blog.posts.listOwn(alice.id)).posts
    expect(halfway && (await writer.stateOf(halfway))).toBe('stopped')
    const post = await writer.create(alice, key, TEXT, at)
    expect(post.id).toBe(halfway?.id)
    expect(await writer.stateOf(post)).toBe('scheduled')
    expect(enqueue).toHaveBeenCalledTimes(2)
    enqueue.mockRestore()
  })
})

describe('a scheduled post', () => {
  it('keeps its job while its text is edited, and ends it with words of its own when its time is', async () => {
    const at = later()
    const post = await writer.create(alice, newKey(), { ...TEXT, title: 'Moved' }, at)
    const edited = await writer.edit(alice, post.id, { ...TEXT, title: 'Moved on' }, at)
    expect(edited).toMatchObject({ title: 'Moved on', schedule: post.schedule })
    const before = (await told()).length
    const moved = await writer.edit(alice, post.id, { ...TEXT, title: 'Moved on' }, later(2))
    expect(moved?.schedule?.job).not.toBe(post.schedule?.job)
    expect(moved && (await writer.stateOf(moved))).toBe('scheduled')
    expect(await jobs.find(post.schedule?.job ?? '', { owner: alice.id })).toMatchObject({
      outcome: 'cancelled',
    })
    expect(await told()).toHaveLength(before + 1)
    expect((await told())[0]).toEqual({
      level: LEVELS.INFO,
      text: expect.stringMatching(
        /^“Moved” will not be published on \d+ \w+ \d{4}, \d\d:\d\d UTC, as you decided\.$/,
      ),
    })
  })

  it.each(['now', 'draft'] as const)('that is saved as %s loses its job', async when => {
    const post = await writer.create(alice, newKey(), TEXT, later())
    const saved = await writer.edit(alice, post.id, TEXT, when)
    expect(saved?.schedule).toBeUndefined()
    expect(saved?.publishedAt !== undefined).toBe(when === 'now')
    expect(await jobs.find(post.schedule?.job ?? '', { owner: alice.id })).toMatchObject({ state: 'failed' })
  })

  it('whose job was cancelled says so, and gets another one when it is saved for the same time', async () => {
    const at = later()
    const post = await writer.create(alice, newKey(), TEXT, at)
    await jobs.cancel(post.schedule?.job ?? '', { owner: alice.id })
    expect(await writer.stateOf(post)).toBe('stopped')
    expect((await told())[0]?.level).toBe(LEVELS.ERROR)
    const saved = await writer.edit(alice, post.id, TEXT, at)
    expect(saved && (await writer.stateOf(saved))).toBe('scheduled')
  })

  it('that is deleted loses its job, and is gone for good', async () => {
    const post = await writer.create(alice, newKey(), TEXT, later())
    expect(await writer.delete(bob, post.id)).toBe(false)
    expect(await writer.delete(alice, post.id)).toBe(true)
    expect(await writer.delete(alice, post.id)).toBe(false)
    expect(await blog.posts.find(post.id)).toBeUndefined()
    expect((await told())[0]).toMatchObject({
      level: LEVELS.INFO,
      text: expect.stringMatching(/^“A walk” will not be published .* as you decided\.$/),
    })
  })

  it('is published by a worker at its time, once, and its author is told', async () => {
    const worker = await jobs.work({ concurrency: 1 })
    const post = await writer.create(alice, newKey(), { ...TEXT, title: 'Soon' }, new Date(Date.now() + 300))
    await vi.waitFor(async () => expect((await told())[0]?.text).toBe('Your post “Soon” is live.'), 20_000)
    await worker.close()
    const live = await blog.posts.find(post.id)
    expect(live?.publishedAt).toEqual(post.schedule?.at)
    expect((await published()).filter(({ id }) => id === post.id)).toEqual([live])
    expect(live && (await writer.stateOf(live))).toBe('published')
  }, 30_000)
})

describe('a published post', () => {
  it('keeps its date when it is edited, whatever time is given', async () => {
    const post = await writer.create(alice, newKey(), TEXT, 'now')
    for (const when of ['draft', 'now', later()] as const) {
      const saved = await writer.edit(alice, post.id, { ...TEXT, body: `${when}` }, when)
      expect(saved).toEqual({ ...post, body: `${when}` })
    }
    expect(await blog.posts.find(post.id)).toMatchObject({ publishedAt: post.publishedAt })
  })

  it('is changed by its author alone', async () => {
    const post = await writer.create(alice, newKey(), TEXT, 'now')
    expect(await writer.edit(bob, post.id, { ...TEXT, body: 'Bob was here.' }, 'now')).toBeUndefined()
    expect(await writer.edit(alice, 'none', TEXT, 'now')).toBeUndefined()
    expect(await blog.posts.find(post.id)).toEqual(post)
  })
})
