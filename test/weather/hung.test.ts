import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  demoForm,
  expectDelayed,
  ONCE,
  openScene,
  pressUntilStarted,
  type Scene,
  timed,
  told,
  WEB_LIMIT,
  WORKER_LIMIT,
} from './scene.ts'

let scene: Scene
beforeAll(async () => {
  scene = await openScene()
})
afterAll(() => scene.close())

const pidOf = async () => Number(/process_id:(\d+)/.exec(await scene.server.redis.info('server'))?.[1])
let pid = 0

describe.each([
  {
    weather: 'Redis hangs',
    begin: async () => {
      pid = await pidOf()
      process.kill(pid, 'SIGSTOP')
    },
    end: async () => void process.kill(pid, 'SIGCONT'),
  },
  {
    weather: 'the way to Redis is a black hole',
    begin: async () => scene.proxy.set({ blackHole: true }),
    end: async () => scene.proxy.set({}),
  },
])('while $weather', ({ weather, begin, end }) => {
  it('pages are answered within their time, a form starts its job once, and the worker comes back', {
    timeout: 3 * WORKER_LIMIT,
  }, async () => {
    const { alice, web } = scene
    const before = `before ${weather}`
    await pressUntilStarted(await demoForm(alice, before, { seconds: '1' }))
    const press = await demoForm(alice, `during ${weather}`)
    await begin()
    try {
      await expectDelayed(alice)
      const [refused, ms] = await timed(press)
      expect(ms).toBeLessThan(WEB_LIMIT)
      expect(refused.status).toBe(503)
      expect(refused.body).toMatch(/twice/)
      // What needs no Redis is as ever.
      expect((await fetch(`${web.address}/healthz`)).status).toBe(200)
      expect((await fetch(`${web.address}/readyz`)).status).toBe(503)
    } finally {
      await end()
    }

    const first = await pressUntilStarted(press)
    expect(await pressUntilStarted(press)).toBe(first)
    expect(await told(alice, before, `during ${weather}`)).toEqual([ONCE, ONCE])
  })
})
