import { createBlog } from '@tidings/blog'
import { info, RedisMessageStore } from '@tidings/messages'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { demoForm, openScene, pressUntilStarted, type Scene, timed, WORKER_LIMIT } from './scene.ts'

/** Within this a page is there, over the slowest way, ms. */
const SLOW_LIMIT = 3000

let scene: Scene
beforeAll(async () => {
  scene = await openScene()
})
afterAll(() => scene.close())

describe.each([
  ['200 ms away', { latency: 100 }],
  ['behind a line of 10 kB a second', { bytesPerSecond: 10_000 }],
  ['behind a line that cuts all into pieces of 3 bytes', { slice: 3 }],
])('while Redis is %s', (weather, conditions) => {
  it('pages come, or say that they are delayed, and a job is told of once', {
    timeout: 3 * WORKER_LIMIT,
  }, async () => {
    const { alice, proxy } = scene
    const press = await demoForm(alice, weather)
    proxy.set(conditions)
    try {
      for (const path of ['/', '/jobs', '/inbox']) {
        const [{ status }, ms] = await timed(() => alice.get(path))
        expect([200, 503]).toContain(status)
        expect(ms).toBeLessThan(SLOW_LIMIT)
      }
      const first = await pressUntilStarted(press)
      expect(await pressUntilStarted(press)).toBe(first)
      const shown: string[] = []
      const look = async () =>
        shown.push(...(await alice.get('/')).messages.filter(text => text.includes(weather)))
      await expect.poll(look, { timeout: WORKER_LIMIT, interval: 200 }).toBe(1)
    } finally {
      proxy.set({})
    }
    await expect
      .poll(async () => (await alice.get('/inbox')).body.split(weather).length > 1, { timeout: 10_000 })
      .toBe(true)
    expect((await alice.get('/')).messages).toEqual([])
  })
})

describe('while connections are reset between a command and its answer', () => {
  it('each form starts one job, each job is told of once', { timeout: 4 * WORKER_LIMIT }, async () => {
    const { alice, proxy } = scene
    const labels = Array.from({ length: 10 }, (_, round) => `reset-${round}-`)
    for (const label of labels) {
      const press = await demoForm(alice, label)
      proxy.set({ resets: 3 })
      const first = await pressUntilStarted(press)
      // What was not met by the form meets the worker, or the next page.
      expect(await pressUntilStarted(press)).toBe(first)
    }
    await expect.poll(() => proxy.resetsLeft, { timeout: WORKER_LIMIT }).toBe(0)
    proxy.set({})
    const inbox = async () => (await alice.get('/inbox')).body
    for (const label of labels)
      await expect.poll(async () => (await inbox()).includes(label), { timeout: WORKER_LIMIT }).toBe(true)
    // The demonstration's text names a label once, and its button to dismiss it once more.
    const body = await inbox()
    const counts = labels.map(label => body.match(new RegExp(`data-message-id[^]*?${label}`, 'g'))?.length)
    expect(counts).toEqual(labels.map(() => 1))
  })
})

describe('a page that is left while its messages are asked for', () => {
  it('releases them, which the metrics tell, and they come on the next one', {
    timeout: 4 * WORKER_LIMIT,
  }, async () => {
    const { alice, proxy, server, web } = scene
    const { health } = await web.logged(({ ready }) => ready === true)
    const counted = async (event: string) => {
      const text = await (await fetch(`${health}/metrics`)).text()
      return Number(new RegExp(`^tidings_messages_total\\{event="${event}"\\} (\\d+)`, 'm').exec(text)?.[1])
    }
    const before = { shown: await counted('shown'), released: await counted('released') }
    const { id = '' } = (await createBlog({ redis: server.redis }).users.findByName('alice')) ?? {}
    const store = new RedisMessageStore({ redis: server.redis })
    const waits = async () => (await store.inbox(id)).some(({ unread }) => unread)

    proxy.set({ latency: 100 })
    let posted = 0
    let after = 200
    const end = Date.now() + 2 * WORKER_LIMIT
    // Sooner or later one is left between the question and the page. What came whole before that was shown.
    while ((await counted('released')) === before.released && Date.now() < end) {
      if (!(await waits())) {
        posted++
        await store.post(id, info('Look at me.'))
      }
      await alice.open('/', AbortSignal.timeout(after)).catch(() => {})
      after = after < 900 ? after + 30 : 200
    }
    expect(await counted('released')).toBeGreaterThan(before.released)
    proxy.set({})
    const seen = async () => {
      const { messages } = await alice.get('/')
      return messages.length > 0 || !(await waits())
    }
    await expect.poll(seen, { timeout: WORKER_LIMIT }).toBe(true)
    await expect
      .poll(async () => (await counted('shown')) - before.shown, { timeout: WORKER_LIMIT })
      .toBe(posted)
  })
})
