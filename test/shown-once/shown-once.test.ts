import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { testRedis } from '../redis.ts'
import { CASES, twoTabs } from './cases.ts'
import { Scene } from './scene.ts'
import type { Web } from './site.ts'

const { prefix } = testRedis()
let webs: [Web, Web]
beforeAll(async () => {
  webs = await Scene.webs({ prefix, store: 'redis' })
})
afterAll(() => Promise.all(webs.map(web => web.end('SIGTERM'))))

const NOTHING_WRONG = { lost: [], doubled: [], unexpected: [] }

describe('with two web processes, a message is on exactly one page that arrived', () => {
  it.each(CASES)('$title', async ({ play }) => {
    const scene = new Scene(webs)
    await play(scene)
    expect(await scene.verdict()).toMatchObject(NOTHING_WRONG)
  })

  const many = twoTabs({ users: 200, messages: 100 })
  it(many.title, { timeout: 60_000 }, async () => {
    const scene = new Scene(webs)
    await many.play(scene)
    expect(await scene.verdict()).toEqual({ posted: 20_000, ...NOTHING_WRONG })
  })
})
