import { expect, it } from 'vitest'
import { testRedis } from '../redis.ts'
import { Scene } from './scene.ts'

const { prefix } = testRedis()

/** Short, because these tests wait until it is over; long enough for a page of a busy machine. */
const LEASE = 1_500

const TEXTS = ['one', 'two', 'three']

it('a web process that is killed while it renders delays its messages by the lease, and loses and doubles none', async () => {
  const [dying, surviving] = await Scene.webs({ prefix, store: 'redis', lease: LEASE })
  const scene = new Scene([dying, surviving])
  const stops = ['claim', 'slow', 'half'] as const
  const pages = await Promise.all(
    stops.flatMap(stop =>
      Array.from({ length: 5 }, async () => {
        const user = scene.user()
        await scene.post(user, TEXTS, surviving)
        const gate = stop === 'claim' ? `claim:${user}` : `${stop}-${user}`
        await dying.hold(gate)
        const page = dying.open(user, stop === 'claim' ? '/page' : `/${stop}/${gate}`).catch(() => undefined)
        await dying.atGate(gate)
        return { user, page }
      }),
    ),
  )
  await dying.end('SIGKILL')
  for (const { user, page } of pages) {
    expect(await page).toBeUndefined()
    expect(await surviving.waiting(user)).toBe(TEXTS.length)
  }
  expect(await scene.verdict([surviving])).toEqual({
    posted: pages.length * TEXTS.length,
    lost: [],
    doubled: [],
    unexpected: [],
  })
})

it('a web process that is killed under load loses nothing, and shows again at most what its last pages showed', async () => {
  const [dying, surviving] = await Scene.webs({ prefix, store: 'redis', lease: LEASE })
  const scene = new Scene([dying, surviving])
  const lastPages = new Set<string>()
  let isDead = false
  let pages = 0

  /** Posts and reads without end; gives what the last page said that arrived. */
  const visit = async (): Promise<void> => {
    const user = scene.user()
    for (let turn = 0, last: string[] = []; ; turn++) {
      await scene.post(user, [`message ${turn}`], surviving)
      const page = await scene.read(user, { web: dying }).catch(() => undefined)
      if (!page) {
        for (const text of last) lastPages.add(`${user}: ${text}`)
        return
      }
      if (isDead) throw new Error('a dead process answered')
      last = page.texts
      pages++
    }
  }
  const visits = Promise.all(Array.from({ length: 20 }, visit))
  await expect.poll(() => pages, { interval: 5 }).toBeGreaterThan(300)
  await dying.end('SIGKILL')
  isDead = true
  await visits

  const { lost, doubled, unexpected } = await scene.verdict([surviving])
  expect({ lost, unexpected }).toEqual({ lost: [], unexpected: [] })
  expect(doubled.filter(message => !lastPages.has(message))).toEqual([])
})
