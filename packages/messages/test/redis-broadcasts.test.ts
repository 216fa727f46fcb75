import { afterEach, describe, expect, it } from 'vitest'
import { testRedis } from '../../../test/redis.ts'
import { info, RedisMessageStore, warning } from '../src/index.ts'

const { redis, prefix } = testRedis()
const store = new RedisMessageStore({ redis, prefix })
const MINUTE = 60_000

let users = 0
const newUser = () => `user-${++users}`

afterEach(async () => {
  for (const { id } of await store.broadcasts()) await store.withdraw(id)
})

async function show(owner: string, since?: Date): Promise<string[]> {
  const claim = await store.claim({ owner, since }, { limit: 10 })
  if (claim)
    await store.confirm(
      claim,
      claim.messages.map(({ id }) => id),
    )
  return claim?.messages.map(({ text }) => text) ?? []
}

describe('a broadcast', () => {
  it('is shown once to each owner, in order of time with their own messages', async () => {
    const [alice, bob] = [newUser(), newUser()]
    await store.post(alice, info('before'))
    await store.broadcast(warning('Maintenance tonight.'))
    await store.post(alice, info('after'))
    expect(await show(alice)).toEqual(['before', 'Maintenance tonight.', 'after'])
    expect([await show(alice), await show(bob), await show(bob)]).toEqual([[], ['Maintenance tonight.'], []])
  })

  it('is no message for a visitor', async () => {
    await store.broadcast(info('for all'))
    expect(await store.claim({ browser: 'b' }, { limit: 10 })).toBeUndefined()
  })

  it('is not for those who came to be after it', async () => {
    await store.broadcast(info('old'))
    const [seconds, micros] = await redis.time()
    const since = new Date(Number(seconds) * 1000 + Math.ceil(Number(micros) / 1000) + 1)
    const [late, early] = [newUser(), newUser()]
    expect([await show(late, since), await show(early, new Date(since.getTime() - MINUTE))]).toEqual([
      [],
      ['old'],
    ])
    expect((await store.inbox(late, { since })).length).toBe(0)
    await expect.poll(async () => Number((await redis.time())[0]) * 1000).toBeGreaterThan(0)
    await expect.poll(() => Date.now()).toBeGreaterThan(since.getTime())
    await store.broadcast(info('new'))
    expect(await show(late, since)).toEqual(['new'])
  })

  it('waits for its time and ends with it, and costs no write while it waits', async () => {
    const owner = newUser()
    const from = new Date(Date.now() + 400)
    await store.broadcast(info('later'), { from, until: new Date(Date.now() + MINUTE) })
    await store.broadcast(info('over soon'), { until: new Date(Date.now() + 150) })
    await store.post(owner, info('mine'))
    expect(await show(owner)).toEqual(['over soon', 'mine'])
    const reading = `${prefix}:reading:everyone:${owner}`
    const before = await redis.dump(reading)
    expect(await show(owner)).toEqual([])
    expect(await redis.dump(reading)).toEqual(before)
    await expect.poll(() => show(owner)).toEqual(['later'])
    const late = newUser()
    expect(await show(late)).toEqual(['later'])
    expect((await store.broadcasts()).map(({ text }) => text)).toEqual(['later'])
  })

  it('can be withdrawn: who has not seen it never will', async () => {
    const [alice, bob] = [newUser(), newUser()]
    const id = await store.broadcast(info('oops'))
    expect(await show(alice)).toEqual(['oops'])
    expect([await store.withdraw(id), await store.withdraw(id)]).toEqual([true, false])
    expect(await show(bob)).toEqual([])
  })

  it('counts who has seen it, each once', async () => {
    await store.broadcast(info('counted'))
    const [alice, bob] = [newUser(), newUser()]
    const claim = await store.claim({ owner: alice }, { limit: 10 })
    if (claim) await store.release(claim)
    expect((await store.broadcasts())[0]?.seen).toBe(0)
    await show(alice)
    await show(alice)
    await show(bob)
    expect((await store.broadcasts())[0]?.seen).toBe(2)
  })

  it('is in the inbox, until its reader dismisses it there; others keep it', async () => {
    const [alice, bob] = [newUser(), newUser()]
    await store.broadcast(info('for all'))
    const [message] = await store.inbox(alice)
    expect(message).toMatchObject({ text: 'for all', unread: true })
    expect(await store.dismiss(alice, String(message?.id))).toBe(true)
    expect([await store.inbox(alice), await show(alice)]).toEqual([[], []])
    expect(await show(bob)).toEqual(['for all'])
    expect((await store.inbox(bob)).map(({ unread }) => unread)).toEqual([false])
  })

  it('goes to exactly one of many tabs of an owner', async () => {
    const owner = newUser()
    for (let i = 0; i < 20; i++) await store.broadcast(info(`b${i}`))
    const pages = await Promise.all(Array.from({ length: 10 }, () => show(owner)))
    expect(pages.flat().sort()).toEqual(Array.from({ length: 20 }, (_, i) => `b${i}`).sort())
  })

  it.each([
    [
      'ends before it begins',
      { from: new Date(Date.now() + 2 * MINUTE), until: new Date(Date.now() + MINUTE) },
    ],
    ['ends in the past', { until: new Date(Date.now() - MINUTE) }],
  ])('is refused when it %s', async (_, window) => {
    await expect(store.broadcast(info('x'), window)).rejects.toThrow(/must end after it begins/)
  })

  it('lasts no longer than what is read is remembered', async () => {
    const until = (days: number) => ({ until: new Date(Date.now() + days * 24 * 60 * MINUTE) })
    await expect(store.broadcast(info('x'), until(31))).rejects.toThrow(/may last/)
    expect(await store.broadcast(info('x'), until(29))).toMatch(/^\d{16}e$/)
  })

  it('is refused when its message is', async () => {
    await expect(store.broadcast(info(''))).rejects.toThrow(/text/)
  })
})
