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
import { addMessages, siteWith } from './docs/site.ts'
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
    const shown = [...text.matchAll(/```(?:ts|pug|ejs|hbs)\n(.*?)```/gs)].map(([, code = '']) => code.trim())
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

it('each example stands in a page, and is run by a test or by another example', () => {
  const examples = readdirSync(join(root, 'docs/examples'))
  const text = pages.map(read).join('\n')
  const unseen = examples.filter(name => !text.includes(read(`docs/examples/${name}`).trim()))
  const users = [
    'test/docs.test.ts',
    ...readdirSync(join(root, 'test/docs')).map(name => `test/docs/${name}`),
    ...examples.map(name => `docs/examples/${name}`),
  ].map(file => ({ file, text: read(file) }))
  const unused = examples.filter(
    name =>
      !users.some(({ file, text }) => !file.endsWith(`/${name}`) && new RegExp(`['/]${name}'`).test(text)),
  )
  expect({ unseen, unused }).toEqual({ unseen: [], unused: [] })
})

it('the README of @tidings/messages names each case of Django that is not ported', () => {
  const folder = 'packages/messages/test/django'
  const ported = readdirSync(join(root, folder))
    .map(name => read(`${folder}/${name}`))
    .join()
  const all = Array.from({ length: 76 }, (_, i) => `C${i + 1}`)
  const missing = all.filter(number => !new RegExp(`\\b${number}\\b`).test(ported))
  expect(missing).toEqual(['C66', 'C69', 'C70', 'C71', 'C72', 'C73', 'C74'])
  const text = read('packages/messages/README.md').replace(/\s+/g, ' ')
  expect(text).toContain(`${all.length - missing.length} are ported`)
  expect(text).toMatch(/C66 and C69 \(.*?\), C70 \(.*?\), C71 to C74/)
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
    const store = new RedisMessageStore({ redis })
    const site = await siteWith(async app => {
      await addMessages(app, store)
      addInbox(app, store)
    })
    await site.login('dora')
    await store.post('dora', [info('one'), info('two')])
    const { body } = await site.send({ url: '/inbox' })
    const ids = [...body.matchAll(/name="ids" value="(\w+)"/g)].map(([, id]) => id)
    expect(ids).toHaveLength(2)
    await site.send({ method: 'POST', url: '/inbox/read', payload: { ids } })
    await site.send({ method: 'POST', url: '/inbox/dismiss', payload: { id: ids[1] } })
    const rest = await site.send({ url: '/inbox' })
    expect(rest.body).toContain('>two<')
    expect(rest.body).not.toMatch(/>one<|data-unread/)
    expect((await site.app.inject({ url: '/inbox' })).statusCode).toBe(401)
  })

  it('tell everybody, count who has seen it, and take it back', async () => {
    const store = new RedisMessageStore({ redis })
    const [from, until] = [new Date(Date.now() - 1000), new Date(Date.now() + 60_000)]
    const { seen, takeBack } = await announceMaintenance(store, from, until)
    const texts = async () => (await store.inbox('eve')).map(({ text }) => text)
    expect(await texts()).toEqual(['We are away for maintenance tonight.'])
    expect(await seen()).toBe(0)
    const ids = (await store.inbox('eve')).map(({ id }) => id)
    await store.read({ owner: 'eve' }, ids)
    expect(await seen()).toBe(1)
    expect(await takeBack()).toBe(true)
    expect(await texts()).toEqual([])
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
    expect([...jobs.definitions.keys()]).toEqual(['import-posts', 'export-posts', 'publish-post', 'demo'])
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
      .poll(async () => (await inbox()).map(({ text }) => text), { timeout: 10_000 })
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
