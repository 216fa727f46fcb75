import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TidingsProcess } from '../process.ts'
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
    const { alice, web, worker } = scene
    const answers = async (at: unknown, path: string) => (await fetch(`${at}${path}`)).status
    const healthOf = async ({ logged }: TidingsProcess) =>
      (await logged(({ ready }) => ready === true)).health
    const [webHealth, workerHealth] = await Promise.all([web, worker].map(healthOf))
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
      for (const at of [web.address, webHealth]) {
        expect(await answers(at, '/healthz')).toBe(200)
        expect(await answers(at, '/readyz')).toBe(503)
        expect(await answers(at, '/metrics')).toBe(at === webHealth ? 200 : 404)
      }
      expect(await answers(workerHealth, '/healthz')).toBe(200)
      await expect.poll(() => answers(workerHealth, '/readyz'), { timeout: WORKER_LIMIT }).toBe(503)
    } finally {
      await end()
    }

    for (const at of [webHealth, workerHealth])
      await expect.poll(() => answers(at, '/readyz'), { timeout: 2 * WORKER_LIMIT }).toBe(200)
    const first = await pressUntilStarted(press)
    expect(await pressUntilStarted(press)).toBe(first)
    expect(await told(alice, before, `during ${weather}`)).toEqual([ONCE, ONCE])
  })
})
