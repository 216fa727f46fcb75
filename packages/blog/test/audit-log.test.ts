import { expect, it } from 'vitest'
import { testRedis } from '../../../test/redis.ts'
import { AuditLog } from '../src/index.ts'

const { redis, prefix } = testRedis()
let logs = 0
const newLog = (kept?: number) =>
  new AuditLog({ redis, prefix: `${prefix}:${++logs}`, ...(kept && { kept }) })
const entry = (to: string) => ({
  by: { id: '1', username: 'ada' },
  action: 'message.send',
  to,
  count: 1,
  request: 'abc',
})

it('holds what was begun, and how it ended', async () => {
  const log = newLog()
  const [first, second, third] = [
    await log.begin(entry('one')),
    await log.begin(entry('two')),
    await log.begin(entry('three')),
  ]
  await log.end(first, 'done', 'sent to 1')
  await log.end(first, 'failed', 'too late')
  await log.end(second, 'failed', 'x'.repeat(1000))
  const { entries, next } = await log.page()
  expect(next).toBeUndefined()
  expect(entries).toMatchObject([
    { id: third, to: 'three', outcome: 'begun', note: '' },
    { id: second, to: 'two', outcome: 'failed', note: 'x'.repeat(500) },
    {
      id: first,
      to: 'one',
      outcome: 'done',
      note: 'sent to 1',
      by: { username: 'ada' },
      at: expect.any(Date),
    },
  ])
})

it('comes in pages, and keeps the latest only, with how they ended', async () => {
  const log = newLog(5)
  const ids: string[] = []
  for (let i = 0; i < 8; i++) {
    const id = await log.begin(entry(`${i}`))
    await log.end(id, 'done')
    ids.unshift(id)
  }
  const first = await log.page({ limit: 3 })
  const second = await log.page({ limit: 3, before: first.next })
  expect([...first.entries, ...second.entries].map(({ id }) => id)).toEqual(ids.slice(0, 5))
  expect(second.next).toBeUndefined()
  expect(await redis.hlen(`${prefix}:${logs}:audit-endings`)).toBe(5)
  expect((await log.page({ before: 'nonsense', limit: 1 })).entries[0]?.id).toBe(ids[0])
})

it('refuses what can not be shown', async () => {
  await expect(newLog().begin(entry('x'.repeat(2001)))).rejects.toThrow(/2000/)
})
