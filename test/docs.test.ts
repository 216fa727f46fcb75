import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { performJob } from '@tidings/jobs/testing'
import { info, RedisMessageStore } from '@tidings/messages'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { webSchema } from '../apps/web/src/config.ts'
import { demoBlog } from '../docs/examples/blog.ts'
import { announceMaintenance } from '../docs/examples/broadcast.ts'
import { countedStore } from '../docs/examples/count.ts'
import { defineCountPosts } from '../docs/examples/count-posts.ts'
import { addInbox } from '../docs/examples/inbox.ts'
import { jobsOn, sendInvitations } from '../docs/examples/jobs.ts'
import { buildApp } from '../docs/examples/messages.ts'
import { addRoutes } from '../docs/examples/start-a-job.ts'
import { testRedis } from './redis.ts'

const root = join(import.meta.dirname, '..')
const read = (file: string) => readFileSync(join(root, file), 'utf8')
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync(join(root, 'packages')).map(name => `packages/${name}/README.md`),
]

describe.each(pages)('%s', page => {
  const text = read(page)

  it('shows whole examples that are type-checked and run below, not copies that rot', () => {
    const examples = readdirSync(join(root, 'docs/examples')).map(name =>
      read(`docs/examples/${name}`).trim(),
    )
    const shown = [...text.matchAll(/```(?:ts|pug)\n(.*?)```/gs)].map(([, code = '']) => code.trim())
    expect(shown.filter(code => !examples.includes(code))).toEqual([])
  })

  it('names only commands and files that exist', () => {
    const { scripts } = z
      .object({ scripts: z.record(z.string(), z.string()) })
      .parse(JSON.parse(read('package.json')))
    const commands = [...text.matchAll(/npm (?:run (?:-s )?)?(start|test|[a-z]+)(?=[\s`]|$)/g)].map(
      ([, name = '']) => name,
    )
    const known = [...Object.keys(scripts), 'run', 'install', 'pack', 'ci']
    expect(commands.filter(name => !known.includes(name))).toEqual([])
    const paths = [...text.matchAll(/(?:node |\]\()((?:apps|packages|docs|scripts|test)\/[\w./-]+)/g)].map(
      ([, path = '']) => path,
    )
    expect(paths.filter(path => !existsSync(join(root, path)))).toEqual([])
  })
})

describe('the table of environment variables', () => {
  const names = Object.keys(webSchema.shape).sort()

  it('is complete in the README', () => {
    const table = [...read('README.md').matchAll(/^\| `([A-Z_]+)` \|/gm)].map(([, name]) => name)
    expect(table.sort()).toEqual(names)
  })

  it('is complete in .env.example, but for what a process manager sets', () => {
    const set = [...read('.env.example').matchAll(/^# ([A-Z_]+)=/gm)].map(([, name]) => name)
    expect(set.sort()).toEqual(names.filter(name => name !== 'NODE_ENV'))
  })
})

describe('the examples', () => {
  // They use the default prefix, so they have a database of their own.
  const { url } = testRedis()
  const redis = new Redis(`${url}?db=1`, { maxRetriesPerRequest: null })
  beforeAll(() => {
    process.env.REDIS_URL = `${url}?db=1`
  })
  afterAll(() => redis.disconnect())

  it('show a message of a request once, on the next page', async () => {
    const app = await buildApp(redis)
    const saved = await app.inject({ method: 'POST', url: '/profile' })
    const cookies = Object.fromEntries(saved.cookies.map(({ name, value }) => [name, value]))
    expect(saved.statusCode).toBe(303)
    expect((await app.inject({ url: '/profile', cookies })).body).toContain('Profile saved.')
    expect((await app.inject({ url: '/profile', cookies })).body).not.toContain('Profile saved.')
    await app.close()
  })

  it('post a message from anywhere', async () => {
    await import('../docs/examples/post.ts')
    const [message] = await new RedisMessageStore({ redis }).inbox('alice')
    expect(message).toMatchObject({
      text: 'Your card was refused.',
      link: { href: '/account' },
      unread: true,
    })
  })

  it('list an inbox, mark it as read and dismiss from it', async () => {
    const app = await buildApp(redis)
    const store = new RedisMessageStore({ redis })
    addInbox(app, store)
    app.post('/as-dora', async request => request.session.set('userId', 'dora'))
    const login = await app.inject({ method: 'POST', url: '/as-dora' })
    const cookies = Object.fromEntries(login.cookies.map(({ name, value }) => [name, value]))
    await store.post('dora', [info('one'), info('two')])
    const list = async () =>
      (await app.inject({ url: '/inbox', cookies })).json<{ id: string; text: string; unread: boolean }[]>()
    const [two, one] = await list()
    await app.inject({ method: 'POST', url: '/inbox/read', cookies, payload: { ids: [two?.id] } })
    await app.inject({ method: 'POST', url: '/inbox/dismiss', cookies, payload: { id: one?.id } })
    expect((await list()).map(({ text, unread }) => [text, unread])).toEqual([['two', false]])
    expect((await app.inject({ url: '/inbox' })).statusCode).toBe(401)
    await app.close()
  })

  it('tell everybody, and take it back', async () => {
    const store = new RedisMessageStore({ redis })
    const takeBack = await announceMaintenance(
      store,
      new Date(Date.now() - 1000),
      new Date(Date.now() + 60_000),
    )
    expect((await store.inbox('eve')).map(({ text }) => text)).toEqual([
      'We are away for maintenance tonight.',
    ])
    expect(await takeBack()).toBe(true)
    expect(await store.inbox('eve')).toEqual([])
  })

  it('count messages', async () => {
    const counted: [string, number][] = []
    const store = countedStore(redis, (name, by) => counted.push([name, by]))
    await store.post('frank', [info('one'), info('two')])
    expect([counted, store.counts.posted]).toEqual([[['messages_posted', 2]], 2])
  })

  it('make the blog of the demonstration, and a job of its own for it', async () => {
    const { blog, jobs } = await demoBlog(redis)
    expect(await blog.users.authenticate('alice', 'tidings-demo')).toMatchObject({ username: 'alice' })
    expect([...jobs.definitions.keys()]).toEqual(['import-posts', 'export-posts', 'demo'])
    const { message } = await performJob(defineCountPosts(blog), { tag: 'jobs' })
    expect(message.text).toMatch(/^Posts about jobs: \d+\.$/)
    await jobs.close()
  })

  it('run a job for its owner and tell how it ended', async () => {
    const app = await buildApp(redis)
    addRoutes(app, redis)
    const refused = await app.inject({
      method: 'POST',
      url: '/invitations',
      payload: { addresses: ['a@b.c'], key: '1' },
    })
    expect(refused.statusCode).toBe(401)

    const before = process.listeners('SIGTERM')
    await import('../docs/examples/worker.ts')
    const jobs = jobsOn(redis)
    await jobs.enqueue(sendInvitations, { addresses: ['a@b.c', 'x'] }, { owner: 'carol' })
    const inbox = () => new RedisMessageStore({ redis }).inbox('carol')
    await expect
      .poll(async () => (await inbox()).map(({ text }) => text))
      .toEqual(['Sent 1 invitations; 1 addresses are none.'])
    const [leave] = process.listeners('SIGTERM').filter(listener => !before.includes(listener))
    await leave?.('SIGTERM')
    await Promise.all([jobs.close(), app.close()])
  })
})

it('the example of a process opens and closes its Redis', async () => {
  process.env.LOG_LEVEL = 'silent'
  await import('../docs/examples/process.ts')
})

// A test in itself.
await import('../docs/examples/test-a-job.ts')
