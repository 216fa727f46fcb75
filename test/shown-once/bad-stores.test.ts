import { describe, expect, it } from 'vitest'
import { testRedis } from '../redis.ts'
import { CASES, type Case, twoTabs } from './cases.ts'
import type { Verdict } from './history.ts'
import { Scene } from './scene.ts'
import type { StoreName } from './site.ts'

const { prefix } = testRedis()

const STORES: { store: StoreName; because: string; red: Record<string, 'lost' | 'doubled'> }[] = [
  {
    store: 'list-then-delete',
    because: 'LRANGE, then DEL',
    red: {
      'two tabs, the second opened while the first is being rendered': 'doubled',
      'a message posted between claim and render': 'lost',
      'a message posted between render and send': 'lost',
    },
  },
  {
    store: 'one-value',
    because: 'get, append, set',
    red: {
      'two tabs, the second opened while the first is being rendered': 'doubled',
      'messages posted by both processes at once': 'lost',
    },
  },
]

// A harness that finds no fault with these would find none with ours either.
describe.each(STORES)('the same cases find out a store that does $because', ({ store, red }) => {
  const crowd = twoTabs({ users: 20, messages: 40 })
  const cases = [...CASES.filter(({ title }) => title in red), crowd]

  it('by messages that are lost or doubled', async () => {
    const webs = await Scene.webs({ prefix, store })
    const verdicts = new Map<string, Verdict>()
    for (const { title, play } of cases as Case[]) {
      const scene = new Scene(webs)
      await play(scene)
      verdicts.set(title, await scene.verdict())
    }
    for (const [title, fault] of Object.entries(red))
      expect(verdicts.get(title)?.[fault].length, `${title}: ${fault}`).toBeGreaterThan(0)
    const { lost = [], doubled = [] } = verdicts.get(crowd.title) ?? {}
    expect(lost.length + doubled.length).toBeGreaterThan(0)
    await Promise.all(webs.map(web => web.end('SIGTERM')))
  })
})
