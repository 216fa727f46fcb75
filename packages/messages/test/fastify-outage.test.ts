import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { testRedis } from '../../../test/redis.ts'
import { type Claim, info, type MessageStore, RedisMessageStore } from '../src/index.ts'
import { MemoryMessageStore } from '../src/memory-message-store.ts'
import { browser, loggedIn, TEMPLATES, template, testApp } from './fastify-app.ts'

const never = () => new Promise<never>(() => {})
const down = () => Promise.reject(new Error('down'))
const delayedPage = template('p #{messages.delayed ? "Messages are delayed." : "up to date"}')

/** A store of which some steps don't work as they should. */
function storeWith(faults: Partial<MessageStore>): MessageStore {
  return Object.assign(new MemoryMessageStore(), faults)
}

const logged = () => [] as { level: number; msg: string }[]

describe.each([
  ['is down', down],
  ['never answers', never],
])('when the store %s', (_, fault) => {
  const broken = storeWith({ post: fault, claim: fault, confirm: fault, release: fault, unread: fault })

  it('a page is rendered in time, without messages, and says so', async () => {
    const log = logged()
    const app = await testApp(
      { store: broken, timeout: 100 },
      { log, routes: app => app.get('/', (_, reply) => reply.view(delayedPage)) },
    )
    const alice = await loggedIn(app)
    const begin = performance.now()
    const { statusCode, body } = await alice.get('/')
    expect([statusCode, body]).toEqual([200, '<p>Messages are delayed.</p>'])
    expect(performance.now() - begin).toBeLessThan(1000)
    expect(log).toMatchObject([{ level: 50, msg: 'messages could not be read: they are delayed' }])
  })

  it('an action that is done stays done, and its message is missed in the log', async () => {
    const log = logged()
    const app = await testApp({ store: broken, timeout: 100 }, { log })
    const alice = await loggedIn(app)
    expect((await alice.post('/add?text=Saved.')).statusCode).toBe(303)
    expect(log).toMatchObject([{ level: 50, messages: 1, msg: 'messages of a request could not be written' }])
  })

  it('a request waits once, however much it asks', async () => {
    const app = await testApp(
      { store: broken, timeout: 300 },
      {
        routes: app =>
          app.post('/', async (request, reply) => {
            request.messages.info('one')
            await request.messages.view()
            request.messages.info('two')
            return reply.view(delayedPage)
          }),
      },
    )
    const alice = await loggedIn(app)
    const begin = performance.now()
    expect((await alice.post('/')).body).toBe('<p>Messages are delayed.</p>')
    expect(performance.now() - begin).toBeLessThan(600)
  })
})

it('a visitor without a session is told of no delay', async () => {
  const app = await testApp(
    { store: storeWith({ claim: down }) },
    { routes: app => app.get('/', (_, reply) => reply.view(delayedPage)) },
  )
  expect((await browser(app).get('/')).body).toBe('<p>up to date</p>')
})

it('messages that come when the page has gone without them are there for the next page', async () => {
  const slow = new MemoryMessageStore()
  const claim = slow.claim.bind(slow)
  let answer: (() => void) | undefined
  slow.claim = async (...args) => {
    const taken = await claim(...args)
    await new Promise<void>(resolve => {
      answer = resolve
    })
    return taken
  }
  const app = await testApp({ store: slow, timeout: 50 })
  const alice = await loggedIn(app)
  await slow.post(alice.owner, info('late'))
  expect(await alice.texts()).toEqual([])
  slow.claim = claim
  expect(await alice.texts()).toEqual([])
  answer?.()
  await expect.poll(() => alice.texts()).toEqual(['late'])
})

it('messages that could not be confirmed are logged and shown again when their lease is over', async () => {
  const log = logged()
  let now = Date.now()
  const store: MessageStore = Object.assign(new MemoryMessageStore({ lease: 1000, now: () => now }), {
    confirm: down,
  })
  const app = await testApp({ store }, { log })
  const alice = await loggedIn(app)
  await store.post(alice.owner, info('twice'))
  expect(await alice.texts()).toEqual(['twice'])
  await expect
    .poll(() => log)
    .toMatchObject([
      { level: 50, msg: 'messages of a page could not be confirmed or released: they will be shown again' },
    ])
  now += 1001
  expect(await alice.texts()).toEqual(['twice'])
})

it('confirms what was shown, and nothing that was not', async () => {
  const told: [Claim, string[]][] = []
  const store = new MemoryMessageStore()
  const confirm = store.confirm.bind(store)
  store.confirm = (claim, shown) => {
    told.push([claim, [...shown]])
    return confirm(claim, shown)
  }
  const app = await testApp({ store })
  const alice = await loggedIn(app)
  await store.post(alice.owner, [info('not shown'), { level: 40, text: 'shown' }])
  await alice.get('/view/errorsOnly')
  await expect.poll(() => told).toHaveLength(1)
  const [[claim, shown] = []] = told
  expect(shown).toEqual([claim?.messages[1]?.id])
})

it('confirms what was sent last before the application is closed', async () => {
  const store = new MemoryMessageStore()
  const confirm = store.confirm.bind(store)
  let isConfirmed = false
  store.confirm = async (...args) => {
    for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate)
    await confirm(...args)
    isConfirmed = true
  }
  const app = await testApp({ store })
  const alice = await loggedIn(app)
  await store.post(alice.owner, info('last'))
  expect(await alice.texts()).toEqual(['last'])
  await app.close()
  expect(isConfirmed).toBe(true)
})

describe('with a Redis that hangs', () => {
  const { redis, prefix } = testRedis({ maxRetriesPerRequest: null })
  const other = testRedis()

  it('a connection without a time limit of its own delays a page no longer than the plugin says', async () => {
    const store = new RedisMessageStore({ redis, prefix })
    const app = await testApp(
      { store, timeout: 200 },
      { routes: app => app.get('/', (_, reply) => reply.view(delayedPage)) },
    )
    await app.listen({ port: 0, host: '127.0.0.1' })
    const { port } = app.server.address() as AddressInfo
    const alice = await loggedIn(app)
    await store.post(alice.owner, info('waits'))
    // This connection alone hangs: Redis holds back its answers while it blocks.
    const blocked = redis.blpop(`${prefix}:nothing`, 0)
    const begin = performance.now()
    const page = await fetch(`http://127.0.0.1:${port}/`, { headers: { cookie: alice.cookie() } })
    expect([page.status, await page.text()]).toEqual([200, '<p>Messages are delayed.</p>'])
    expect(performance.now() - begin).toBeLessThan(1000)
    await other.redis.rpush(`${prefix}:nothing`, 'go on')
    await blocked
    await expect.poll(() => alice.texts()).toEqual(['waits'])
  })
})

it('a page that is rendered when its time is over is released', async () => {
  const store = new MemoryMessageStore()
  const app = await testApp(
    { store },
    {
      handlerTimeout: 100,
      routes: app =>
        app.get('/slow', async (request, reply) => {
          await once(request.signal, 'abort')
          return reply.view(template(TEMPLATES.page))
        }),
    },
  )
  const alice = await loggedIn(app)
  await store.post(alice.owner, info('not seen'))
  expect((await alice.get('/slow')).statusCode).toBe(503)
  expect(await alice.texts()).toEqual(['not seen'])
})

it('records that can not be read keep no message back, however many they are', async () => {
  const { redis, prefix } = testRedis()
  const app = await testApp({ store: new RedisMessageStore({ redis, prefix }), limit: 10 })
  const alice = await loggedIn(app)
  await redis.rpush(
    `${prefix}:messages:user:${alice.owner}`,
    ...Array.from({ length: 10 }, (_, n) => `100000000000000${n}|||{}`),
  )
  await new RedisMessageStore({ redis, prefix }).post(alice.owner, info('good'))
  expect(await alice.texts()).toEqual([])
  await expect.poll(() => alice.texts()).toEqual(['good'])
})
