import { expect, it } from 'vitest'
import { testRedis } from '../../../test/redis.ts'
import { RateLimit } from '../src/rate-limit.ts'

const { redis, prefix } = testRedis()
const MINUTE = 60_000
let next = 0
const rateLimit = (limit: number, window = MINUTE) =>
  new RateLimit({ redis, prefix: `${prefix}:limit-${next++}`, limit, window })

it('lets through as many as its limit, and then says when to try again', async () => {
  const limit = rateLimit(2)
  expect(await limit.take('alice')).toEqual({ allowed: true, retryAfter: 0 })
  expect(await limit.take('alice')).toEqual({ allowed: true, retryAfter: 0 })
  const { allowed, retryAfter } = await limit.take('alice')
  expect(allowed).toBe(false)
  expect(retryAfter).toBeGreaterThan(0)
  expect(retryAfter).toBeLessThanOrEqual(60)
  expect(await limit.take('bob')).toEqual({ allowed: true, retryAfter: 0 })
})

it('lets through exactly as many where all come at once, over several connections', async () => {
  const other = redis.duplicate()
  const shared = { prefix: `${prefix}:shared`, limit: 5, window: MINUTE }
  const limits = [new RateLimit({ redis, ...shared }), new RateLimit({ redis: other, ...shared })]
  const answers = await Promise.all(Array.from({ length: 40 }, (_, n) => limits[n % 2]?.take('alice')))
  other.disconnect()
  expect(answers.filter(answer => answer?.allowed)).toHaveLength(5)
})

it('looks without counting', async () => {
  const limit = rateLimit(1)
  for (let look = 0; look < 3; look += 1) expect((await limit.look('alice')).allowed).toBe(true)
  await limit.take('alice')
  expect(await limit.look('alice')).toEqual({ allowed: false, retryAfter: expect.any(Number) })
})

it('opens again when the window is over, however often one has tried meanwhile', async () => {
  const limit = rateLimit(1, 300)
  await limit.take('alice')
  await expect.poll(async () => (await limit.take('alice')).allowed, { timeout: 10_000 }).toBe(true)
})

it('leaves no key that stays, and none with what was typed', async () => {
  const limit = rateLimit(1)
  await limit.take('a name of somebody \r\n')
  const names = await redis.keys(`${prefix.replace(/[{}]/g, '\\$&')}:limit-*`)
  expect(names.length).toBeGreaterThan(0)
  for (const name of names) {
    expect(name).toMatch(/^[\w{}:-]+$/)
    expect(await redis.pttl(name)).not.toBe(-1)
  }
})

it('fails when Redis does', async () => {
  const away = redis.duplicate({ maxRetriesPerRequest: 0 })
  away.disconnect()
  const limit = new RateLimit({ redis: away, prefix, limit: 1, window: MINUTE })
  await expect(limit.take('alice')).rejects.toThrow()
  await expect(limit.look('alice')).rejects.toThrow()
})
