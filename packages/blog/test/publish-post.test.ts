import { JobStopped } from '@tidings/jobs'
import { performJob } from '@tidings/jobs/testing'
import { LEVELS } from '@tidings/messages'
import { describe, expect, it } from 'vitest'
import { DECIDED_OTHERWISE } from '../src/publish-post.ts'
import { jobContext, testBlog } from './helper.ts'

const { blog, jobs, alice, bob } = await testBlog()
const HOUR = 60 * 60_000
let ids = 0

/** A post of alice's for this time, and the input of its job. */
async function scheduled(at: Date, more: { key?: string; title?: string } = {}) {
  const id = `post-${++ids}`
  const { key = 'key', title = 'A walk' } = more
  const text = { title, body: 'It rained.', tags: [] }
  await blog.posts.save({ id, ...text, author: 'alice', authorId: alice.id, schedule: { at, key } })
  return { post: id, key: 'key', title, at: at.toISOString() }
}

const perform = (input: Awaited<ReturnType<typeof scheduled>>, owner = alice.id) =>
  performJob(jobs.publishPost, input, { owner })

describe('the job that publishes a post', () => {
  it('makes it public, and says so with a link', async () => {
    const at = new Date(Date.now() - 1000)
    const input = await scheduled(at, { title: `<b>${'x'.repeat(100)}` })
    const { message } = await perform(input)
    expect(message).toMatchObject({
      level: LEVELS.SUCCESS,
      text: `Your post “<b>${'x'.repeat(37)}…” is live.`,
      link: { href: `/posts/${input.post}`, text: 'Read it' },
    })
    expect((await blog.posts.list()).posts).toMatchObject([{ id: input.post, publishedAt: at }])
  })

  it('says the time at which it really ran, where that is much later', async () => {
    const input = await scheduled(new Date(Date.now() - HOUR))
    await perform(input)
    const { publishedAt } = (await blog.posts.find(input.post)) ?? {}
    expect(Date.now() - (publishedAt?.getTime() ?? 0)).toBeLessThan(60_000)
  })

  it('leaves everything as it is when it runs again, edits as well', async () => {
    const input = await scheduled(new Date(Date.now() - HOUR))
    const context = jobContext(input, { owner: alice.id })
    await jobs.publishPost.run(context)
    const edited = await blog.posts.update(input.post, post => ({ ...post, title: 'Edited' }))
    expect(await jobs.publishPost.run(context)).toEqual({ post: input.post, title: 'Edited' })
    expect(await blog.posts.find(input.post)).toEqual(edited)
  })

  it('waits where its clock is a little ahead, and stops waiting when it is told to', async () => {
    const at = new Date(Date.now() + 400)
    await perform(await scheduled(at))
    expect(Date.now()).toBeGreaterThanOrEqual(at.getTime())
    const input = await scheduled(new Date(Date.now() + 50_000))
    const signal = AbortSignal.abort()
    await expect(jobs.publishPost.run(jobContext(input, { owner: alice.id, signal }))).rejects.toThrow(
      'aborted',
    )
  })

  it.each([
    ['is gone', { post: 'none' }, {}, 0],
    ['has another time by now', {}, { key: 'other' }, 0],
    ['is moved while the job waits for its own', {}, { key: 'other' }, 400],
  ])('is cancelled where the post %s, as its author decided', async (_title, given, more, ahead) => {
    const input = { ...(await scheduled(new Date(Date.now() + ahead), more)), ...given }
    const signal = ahead > 0 ? { signal: AbortSignal.abort(new JobStopped('cancelled')) } : {}
    const context = jobContext(input, { owner: alice.id, ...signal })
    await expect(jobs.publishPost.run(context)).rejects.toMatchObject({
      code: 'cancelled',
      message: DECIDED_OTHERWISE,
    })
    const { message, outcome } = await perform(input)
    expect(outcome).toBe('cancelled')
    expect(message).toMatchObject({
      level: LEVELS.INFO,
      text: expect.stringMatching(/^“A walk” will not be published on .*, as you decided\.$/),
    })
    expect((await blog.posts.find(`post-${ids}`))?.publishedAt).toBeUndefined()
  })

  it('publishes nothing of somebody else’s', async () => {
    const { message } = await perform(await scheduled(new Date()), bob.id)
    const text = '“A walk” was not published. The post is not there any more.'
    expect(message).toMatchObject({ level: LEVELS.ERROR, text })
    expect((await blog.posts.find(`post-${ids}`))?.publishedAt).toBeUndefined()
  })

  it('publishes nothing before its time', async () => {
    const input = await scheduled(new Date(Date.now() + HOUR))
    const { message } = await perform(input)
    expect(message.text).toMatch(/^“A walk” was not published\. Its time has not come yet\./)
    expect((await blog.posts.find(input.post))?.publishedAt).toBeUndefined()
  })
})
