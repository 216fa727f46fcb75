import { expect, it } from 'vitest'
import { atMost, TooBusyError } from '../src/at-most.ts'

it('runs at most so many at once, and the rest in the order in which they came', async () => {
  const inTurn = atMost(2)
  const started: number[] = []
  const finish: (() => void)[] = []
  const all = [0, 1, 2, 3].map(n =>
    inTurn(async () => {
      started.push(n)
      await new Promise<void>(resolve => finish.push(resolve))
      return n
    }),
  )
  await expect.poll(() => started).toEqual([0, 1])
  finish[1]?.()
  await expect.poll(() => started).toEqual([0, 1, 2])
  finish[0]?.()
  finish[2]?.()
  await expect.poll(() => started).toEqual([0, 1, 2, 3])
  finish[3]?.()
  expect(await Promise.all(all)).toEqual([0, 1, 2, 3])
})

it('goes on after work that failed', async () => {
  const inTurn = atMost(1)
  await expect(inTurn(() => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(await inTurn(async () => 'yes')).toBe('yes')
})

it('lets only so many wait', async () => {
  const inTurn = atMost(1, { waiting: 1 })
  let finish = () => {}
  const first = inTurn(() => new Promise<void>(resolve => (finish = resolve)))
  const second = inTurn(async () => 'second')
  await expect(inTurn(async () => 'third')).rejects.toThrow(TooBusyError)
  finish()
  await first
  expect(await second).toBe('second')
  expect(await inTurn(async () => 'fourth')).toBe('fourth')
})

it('lets nothing wait longer than it may, and keeps the order of the rest', async () => {
  const inTurn = atMost(1, { within: 20 })
  let finish = () => {}
  const first = inTurn(() => new Promise<void>(resolve => (finish = resolve)))
  let begun = false
  const second = inTurn(async () => {
    begun = true
  })
  await expect(second).rejects.toThrow(TooBusyError)
  const third = inTurn(async () => 'third')
  finish()
  await first
  expect(await third).toBe('third')
  expect(begun).toBe(false)
})
