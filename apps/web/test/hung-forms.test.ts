import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  plainOptions,
  type RedisServer,
  serverDirectory,
  startRedisServer,
} from '../../../test/redis-server.ts'
import { type Browser, PASSWORD, type Site, testSite } from './client.ts'
import { ROUTES, type RouteClass, type SweptObjects, sweptObjects } from './route-classes.ts'

/** A page of ours within a second, and half as much again for a machine that has much else to do, ms. */
const LIMIT = 1500
/** What a form's answer may take at most while others keep the machine busy, and a login's, ms. */
const FORM_LIMIT = 10_000
const LOGIN_LIMIT = 40_000

const FORMS = Object.entries(ROUTES)
  .filter(([key]) => key.startsWith('POST '))
  .map(([key, kind]) => [key.slice('POST '.length), kind] as const)

/** Alice, as one of staff: hers are all objects. */
async function scene(site: Site) {
  await site.blog.users.setRole(site.alice.id, 'staff')
  const author = { author: 'alice', authorId: site.alice.id }
  const post = { title: 'A post', body: 'x', tags: [], publishedAt: new Date(0), ...author }
  await site.blog.posts.saveNew([{ id: '00000000-0000-4000-8000-000000000001', ...post }])
  const objects = await sweptObjects(site)
  const browser = site.browser()
  await browser.logIn('alice')
  const { _csrf = '' } = await browser.form('/account', '/account/sessions/end')
  return { browser, objects, _csrf }
}

async function send(
  browser: Browser,
  [url, kind]: readonly [string, RouteClass],
  objects: SweptObjects,
  _csrf: string,
) {
  const fields = { ...kind.fields?.(objects), _csrf }
  const began = performance.now()
  const address = kind.at?.(objects) ?? url.replace('*', 'x')
  const response = kind.isJson
    ? await browser.send({ method: 'POST', url: address, payload: fields })
    : await browser.post(address, fields as Record<string, string>)
  return { response, ms: performance.now() - began }
}

describe('while Redis hangs, each form', () => {
  let directory: Awaited<ReturnType<typeof serverDirectory>>
  let server: RedisServer
  let site: Site
  let pid = 0
  let stopsInHandler = false
  const stop = () => process.kill(pid, 'SIGSTOP')
  const goOn = async () => {
    process.kill(pid, 'SIGCONT')
    await expect.poll(() => site.redis.ping().catch(String), { timeout: 20_000 }).toBe('PONG')
  }

  beforeAll(async () => {
    directory = await serverDirectory()
    server = await startRedisServer(directory.path, plainOptions)
    pid = Number(/process_id:(\d+)/.exec(await server.redis.info('server'))?.[1])
    const { host, port } = server
    // As the web process connects.
    const redis = new Redis({ host, port, commandTimeout: 700, maxRetriesPerRequest: 1, socketTimeout: 3000 })
    redis.on('error', () => {})
    site = await testSite({ redis, config: { LOGINS_PER_MINUTE: 10_000 } })
    // The last of the hooks before the handler: sessions and accounts have been read.
    site.app.addHook('preHandler', async ({ method }) => {
      if (stopsInHandler && method === 'POST') stop()
    })
    afterAll(() => redis.disconnect())
  }, 60_000)
  afterAll(async () => {
    process.kill(pid, 'SIGCONT')
    await server.kill()
    await directory.remove()
  })

  it('gets our page within a second, whatever it is for', async () => {
    const { browser, objects, _csrf } = await scene(site)
    stop()
    try {
      const answers = await Promise.all(FORMS.map(form => send(browser, form, objects, _csrf)))
      for (const [n, { response, ms }] of answers.entries()) {
        const url = FORMS[n]?.[0]
        expect(response.statusCode, url).toBe(503)
        expect(response.body, url).toContain('You are still signed in')
        expect(response.headers['set-cookie'], url).toBeUndefined()
        expect(ms, url).toBeLessThan(LIMIT)
      }
    } finally {
      await goOn()
    }
  }, 60_000)

  it('does so where Redis stops when its handler has begun', async () => {
    const { objects } = await scene(site)
    const took: Record<string, number> = {}
    for (const form of FORMS) {
      const [url, kind] = form
      // What Redis was told before it hung is done when it goes on: such as the logout.
      const browser = site.browser()
      await browser.logIn('alice')
      const { _csrf = '' } = await browser.form('/account', '/account/sessions/end')
      stopsInHandler = true
      try {
        const { response, ms } = await send(browser, form, objects, _csrf)
        took[url] = Math.round(ms)
        // What needs nothing from Redis to be refused is refused.
        expect([503, ...(kind.gives ?? [])], `${url}: ${response.body}`).toContain(response.statusCode)
        expect(response.headers['set-cookie'], url).toBeUndefined()
      } finally {
        stopsInHandler = false
        await goOn()
      }
    }
    for (const ms of Object.values(took)) expect(ms, JSON.stringify(took)).toBeLessThan(LIMIT)
  }, 120_000)
})

it('while forty log in at once, each form is answered in its time, and so is each login', async () => {
  const site = await testSite({ passwordCost: 2 ** 16, config: { LOGINS_PER_MINUTE: 10_000 } })
  const { browser, objects, _csrf } = await scene(site)
  const timed = async <T>(ask: () => Promise<T>) => {
    const began = performance.now()
    return { answer: await ask(), ms: performance.now() - began }
  }
  let waiting = 40
  const logins = Array.from({ length: 40 }, async () => {
    const visitor = site.browser()
    const fields = { ...(await visitor.form('/login', '/login')), username: 'alice', password: PASSWORD }
    const login = await timed(() => visitor.post('/login', fields))
    waiting -= 1
    return login
  })
  // Those that hash nothing; of the others, the login stands for all.
  for (const form of FORMS.filter(([url]) => !/^\/(login|logout|account)/.test(url))) {
    const { response, ms } = await send(browser, form, objects, _csrf)
    expect(response.statusCode, form[0]).toBeLessThan(500)
    expect(ms, form[0]).toBeLessThan(FORM_LIMIT)
  }
  expect(waiting).toBeGreaterThan(0)
  for (const { answer, ms } of await Promise.all(logins)) {
    expect([303, 503]).toContain(answer.statusCode)
    expect(ms).toBeLessThan(LOGIN_LIMIT)
  }
}, 90_000)
