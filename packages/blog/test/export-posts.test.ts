import { performJob } from '@tidings/jobs/testing'
import { LEVELS } from '@tidings/messages'
import { beforeEach, expect, it } from 'vitest'
import type { Post } from '../src/index.ts'
import { jobContext, read, testBlog } from './helper.ts'

const { blog, jobs, alice, published, forgetPosts, keys } = await testBlog()
beforeEach(forgetPosts)

const DAY = 24 * 60 * 60_000

const post = (n: number, more: Partial<Post> = {}): Post => ({
  id: `p${n}`,
  title: `Title ${n}`,
  body: `Body ${n}`,
  tags: [],
  author: 'alice',
  authorId: alice.id,
  publishedAt: new Date(Date.UTC(2026, 0, 1) - n * 1000),
  ...more,
})

async function performExport(format: 'csv' | 'json') {
  const { result, message } = await performJob(jobs.exportPosts, { format }, { owner: alice.id })
  const { file } = result as { file: string }
  return { file, message, result, content: await read(blog.files.read(file)) }
}

it('writes all published posts into a file of the owner and ends in SUCCESS with a link to it', async () => {
  await blog.posts.saveNew([
    post(1),
    post(2, { title: 'a,"b"\nc', tags: ['x', 'y'] }),
    post(3, { publishedAt: new Date(Date.now() + DAY) }),
  ])
  const { file, message, result, content } = await performExport('csv')
  expect(message).toMatchObject({
    level: LEVELS.SUCCESS,
    text: 'Your export of 2 posts is ready.',
    link: { href: `/files/${file}`, text: 'Download posts.csv' },
  })
  expect(content).toBe(
    '"title","body","published_at","tags"\r\n' +
      '"Title 1","Body 1","2025-12-31T23:59:59.000Z",\r\n' +
      '"a,""b""\nc","Body 2","2025-12-31T23:59:58.000Z","x; y"\r\n',
  )
  const stored = await blog.files.find(file)
  expect(stored).toMatchObject({ owner: alice.id, name: 'posts.csv', type: 'text/csv; charset=utf-8' })
  expect(result).toEqual({ file, name: 'posts.csv', posts: 2, expiresAt: stored?.expiresAt.toISOString() })
  expect(Math.abs((stored?.expiresAt.getTime() ?? 0) - Date.now() - DAY)).toBeLessThan(60_000)
})

it('writes JSON', async () => {
  await blog.posts.saveNew([post(1, { tags: ['x'] }), post(2)])
  const { message, content } = await performExport('json')
  expect(message).toMatchObject({
    text: 'Your export of 2 posts is ready.',
    link: { text: 'Download posts.json' },
  })
  expect(JSON.parse(content)).toEqual([
    {
      id: 'p1',
      title: 'Title 1',
      body: 'Body 1',
      tags: ['x'],
      author: 'alice',
      published_at: '2025-12-31T23:59:59.000Z',
    },
    {
      id: 'p2',
      title: 'Title 2',
      body: 'Body 2',
      tags: [],
      author: 'alice',
      published_at: '2025-12-31T23:59:58.000Z',
    },
  ])
})

it('exports one post, and none', async () => {
  expect((await performExport('csv')).content).toBe('"title","body","published_at","tags"\r\n')
  expect(JSON.parse((await performExport('json')).content)).toEqual([])
  await blog.posts.save(post(1))
  expect((await performExport('csv')).message.text).toBe('Your export of 1 post is ready.')
})

it('replaces its file when it runs twice', async () => {
  await blog.posts.save(post(1))
  const run = async () => {
    const result = await jobs.exportPosts.run(jobContext({ format: 'csv' as const }, { owner: alice.id }))
    return 'file' in result ? result.file : undefined
  }
  const first = await run()
  await blog.posts.save(post(2))
  expect(await run()).toBe(first)
  expect(await read(blog.files.read(first ?? ''))).toContain('Title 2')
})

it('begins no cell with what a spreadsheet program runs as a formula', async () => {
  const starts = ['=1+1', '+1', '-1', '@SUM(A1)', "'=1", '＝1']
  await blog.posts.saveNew(
    starts.map((start, n) => post(n, { title: start, body: `\t${start}`, tags: [start] })),
  )
  const { content } = await performExport('csv')
  for (const cell of content.matchAll(/"((?:[^"]|"")*)"/g)) expect(cell[1]).not.toMatch(/^[=+\-@\t\r\n＝]/)
})

it('writes what an import reads back as it was', async () => {
  const odd = ['=1+1', "'=1", "''", "'quoted'", '- list', ' "x" ', 'a,b;c', 'é👩‍👧', '<b>', '\\n']
  const written = odd.map((text, n) =>
    post(n, { title: text.trim(), body: `${text}\n\n\tline, "two"\n${text} `, tags: [`t${n}`, '-x', 'y z'] }),
  )
  await blog.posts.saveNew(written)
  const { file } = await performExport('csv')
  await forgetPosts()
  const { message } = await performJob(jobs.importPosts, { file, name: 'posts.csv' }, { owner: alice.id })
  expect(message.text).toBe('Imported 10 posts.')
  const withoutId = ({ id: _, ...rest }: Post) => rest
  expect((await published()).map(withoutId)).toEqual(written.map(withoutId))
})

it('stops when it is told to, and leaves no file', async () => {
  await blog.posts.save(post(1))
  const before = await keys('file')
  const context = jobContext(
    { format: 'csv' as const },
    { owner: alice.id, jobId: 'stopped', signal: AbortSignal.abort() },
  )
  await expect(jobs.exportPosts.run(context)).rejects.toThrow('aborted')
  expect(await keys('file')).toHaveLength(before.length)
})

it('says how far it is', async () => {
  const all = Array.from({ length: 1200 }, (_, n) => post(n))
  await blog.posts.saveNew(all.slice(0, 600))
  await blog.posts.saveNew(all.slice(600))
  const { progress } = await performJob(jobs.exportPosts, { format: 'json' }, { owner: alice.id })
  expect(progress.length).toBeGreaterThan(1)
})
