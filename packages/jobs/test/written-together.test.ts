import { expect, it } from 'vitest'
import { testRedis } from '../../../test/redis.ts'
import { writtenTogether } from '../src/written-together.ts'

const { redis, prefix } = testRedis()

it('what is sent in one turn of the event loop leaves in one write, and what is sent later in another', async () => {
  const together = writtenTogether(redis.duplicate())
  try {
    await together.ping()
    const { stream } = together
    const writes: string[] = []
    for (const way of ['_write', '_writev'] as const) {
      const original = stream[way] as (...args: unknown[]) => void
      Object.assign(stream, {
        [way](...args: unknown[]) {
          writes.push(way)
          original.apply(this, args)
        },
      })
    }
    const first = ['a', 'b', 'c'].map(key => together.set(`${prefix}:${key}`, '1'))
    // Also what is sent after a promise, in the same turn.
    const later = Promise.resolve().then(() => together.set(`${prefix}:d`, '1'))
    expect(await Promise.all([...first, later])).toEqual(['OK', 'OK', 'OK', 'OK'])
    expect(writes).toEqual(['_writev'])
    await together.set(`${prefix}:e`, '1')
    expect(writes).toHaveLength(2)
  } finally {
    together.disconnect()
  }
})
