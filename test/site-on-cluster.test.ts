import { once } from 'node:events'
import { createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { tidings } from '../apps/worker/test/tidings.ts'
import { startWeb, startWorker, type TidingsProcess } from './process.ts'
import { type RedisCluster, startRedisCluster } from './redis-cluster.ts'
import { textOf, Visitor } from './visitor.ts'

const PATIENCE = { timeout: 30_000, interval: 100 }
const LONG = { timeout: 120_000 }

let cluster: RedisCluster
let env: { REDIS_URL: string; SHARDS: string }
let address: string
let worker: TidingsProcess
beforeAll(async () => {
  cluster = await startRedisCluster()
  env = { REDIS_URL: cluster.url, SHARDS: '8' }
  ;[{ address }, worker] = await Promise.all([startWeb(env), startWorker(env)])
})
afterAll(() => cluster.end())

/** Opens the front page until it has told of something. */
async function told(visitor: Visitor): Promise<string[]> {
  const messages: string[] = []
  await expect
    .poll(async () => messages.push(...(await visitor.get('/')).messages), PATIENCE)
    .toBeGreaterThan(0)
  return messages
}

describe('the whole site on a Redis Cluster', () => {
  it('imports a file, exports it, and gives it to whom it belongs', async () => {
    const alice = await Visitor.loggedIn(address, 'alice')
    const file = new File(['title,body\nOne,body\n,no title\n'], 'posts.csv', { type: 'text/csv' })
    expect((await alice.submit('/jobs', '/jobs/import-posts', { file })).status).toBe(303)
    expect(await told(alice)).toEqual([expect.stringMatching(/^warning: /)])
    const { location } = await alice.submit('/jobs', '/jobs/export-posts', { format: 'json' })
    expect(await told(alice)).toEqual([expect.stringMatching(/^success: /)])
    const [, download = ''] = /href="(\/files\/[^"]+)"/.exec((await alice.get(location)).body) ?? []
    expect((await alice.get(download)).body).toContain('"One"')
    const bob = await Visitor.loggedIn(address, 'bob')
    expect((await bob.get(download)).status).toBe(404)
  })

  it('lets a post be written, published, edited and deleted', async () => {
    const alice = await Visitor.loggedIn(address, 'alice')
    const { status, location } = await alice.submit('/posts/new', '/posts', {
      title: 'On a cluster',
      body: 'A body.',
      when: 'now',
    })
    expect(status).toBe(303)
    expect((await alice.get(location)).body).toContain('On a cluster')
    const { location: edited } = await alice.submit(`${location}/edit`, location, {
      title: 'On a cluster still',
      body: 'A body.',
      when: 'now',
    })
    expect((await alice.get(edited)).body).toContain('On a cluster still')
    expect((await alice.submit(`${location}/delete`, `${location}/delete`, {})).status).toBe(303)
    expect((await alice.get(location)).status).toBe(404)
  })

  it('has every page, for members and for staff', async () => {
    const staff = await Visitor.loggedIn(address, 'staff')
    const pages = ['/', '/jobs', '/inbox', '/posts/mine', '/posts/new', '/account']
    const admin = ['/admin', '/admin/messages', '/admin/jobs', '/admin/audit', '/admin/queues/']
    for (const path of [...pages, ...admin, '/readyz'])
      expect([path, (await staff.get(path)).status]).toEqual([path, 200])
  })

  it('obeys the command line', async () => {
    const { code, out, err } = await tidings(['check'], env)
    expect([code, err]).toEqual([0, expect.anything()])
    expect(out).toMatch(/shards +8/)
    const asked = await tidings(
      ['jobs', 'enqueue', 'demo', '{"label":"by hand"}', '--owner', 'bob', '--json'],
      env,
    )
    expect([asked.code, asked.err]).toEqual([0, ''])
    expect((await tidings(['messages', 'send', '--all', '--yes', 'To everyone'], env)).code).toBe(0)
    const bob = await Visitor.loggedIn(address, 'bob')
    const messages: string[] = []
    await expect
      .poll(async () => messages.push(...(await bob.get('/')).messages), PATIENCE)
      .toBeGreaterThan(1)
    expect(messages.join()).toMatch(/by hand/)
    expect(messages.join()).toMatch(/To everyone/)
    for (const command of [['stats'], ['jobs', 'list'], ['messages', 'list', '--to', 'bob']])
      expect([command, (await tidings(command, env)).code]).toEqual([command, 0])
    const made = await tidings(['users', 'add', 'dora'], env, 'a password of some length\n')
    expect([made.code, made.err]).toEqual([0, expect.anything()])
    const dora = await Visitor.loggedIn(address, 'dora', 'a password of some length')
    expect(textOf((await dora.get('/')).body)).toContain('dora')
    expect((await tidings(['users', 'delete', 'dora', '--yes'], env)).code).toBe(0)
    expect((await dora.get('/jobs')).status).toBe(303)
  })
})

describe('the whole site without its cluster', () => {
  it('says that messages are delayed, is calm, and its worker leaves when it is asked to', LONG, async () => {
    const alice = await Visitor.loggedIn(address, 'alice')
    const stop = new AbortController()
    await alice.open('/messages/stream', stop.signal)
    await Promise.all(cluster.servers.map(server => server.kill()))
    // What was on its way when the nodes went may still be answered otherwise.
    await expect.poll(async () => (await alice.get('/jobs')).status, PATIENCE).toBe(503)
    for (const path of ['/', '/jobs', '/inbox', '/account']) {
      const { status, body } = await alice.get(path)
      expect([path, status]).toEqual([path, 503])
      expect(textOf(body)).toContain('You are still signed in')
    }
    expect((await new Visitor(address).get('/')).status).toBe(503)

    // Whoever asks for a node again and again, asks here, too; by itself, a client of a cluster does so a thousand times a second.
    let asked = 0
    const node = createServer(socket => {
      asked++
      socket.destroy()
    })
    node.listen(cluster.nodes[0]?.port, '127.0.0.1')
    await once(node, 'listening')
    const began = Date.now()
    await expect.poll(() => asked, { timeout: 60_000, interval: 10 }).toBeGreaterThan(120)
    expect(Date.now() - began).toBeGreaterThan(2_000)
    node.close()

    // There is nothing that it could finish.
    expect(await worker.end('SIGTERM')).toEqual({ code: 0, signal: null })
    stop.abort()
  })
})
