import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { TimeBudget } from '../src/time-budget.ts'
import { withinTime } from '../src/within-time.ts'

const never = () => new Promise<never>(() => {})

describe('waits that begin at the same moment', () => {
  it('each end by themselves: some with their answer, others with their time', async () => {
    const waits = [
      withinTime(50, Promise.resolve('one')),
      withinTime(50, never()),
      withinTime(5000, Promise.resolve('two')),
    ]
    await expect(Promise.allSettled(waits)).resolves.toMatchObject([
      { value: 'one' },
      { reason: { message: 'no answer within 50 ms' } },
      { value: 'two' },
    ])
  })

  it('are never given up before their time', async () => {
    const begin = performance.now()
    const ended = await Promise.all(
      Array.from({ length: 40 }, async (_, i) => {
        // Some join the timer of those before them.
        if (i >= 20) await Promise.resolve()
        const from = performance.now()
        await withinTime(60, never()).catch(() => {})
        return performance.now() - from
      }),
    )
    expect(Math.min(...ended)).toBeGreaterThanOrEqual(59)
    expect(performance.now() - begin).toBeLessThan(5000)
  })

  it('may begin anew after all have ended', async () => {
    await withinTime(40, Promise.resolve())
    await expect(withinTime(40, never())).rejects.toThrow('no answer within 40 ms')
    await expect(withinTime(40, never())).rejects.toThrow('no answer within 40 ms')
  })
})

it('a budget is spent by what its waits have taken, not by that of others', async () => {
  const [spent, fresh] = [new TimeBudget(60), new TimeBudget(60)]
  const ends = await Promise.allSettled([spent.wait(never()), fresh.wait(Promise.resolve('at once'))])
  expect(ends).toMatchObject([{ reason: { message: 'no answer within 60 ms' } }, { value: 'at once' }])
  expect([spent.isOver, fresh.isOver]).toEqual([true, false])
})

it('a wait that has ended keeps no process alive', async () => {
  const script = `
    import { withinTime } from ${JSON.stringify(new URL('../dist/within-time.js', import.meta.url).href)}
    await withinTime(60_000, Promise.resolve())`
  await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], { timeout: 30_000 })
})
