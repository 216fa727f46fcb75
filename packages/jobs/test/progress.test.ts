import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Progress, readProgress, throttledProgress } from '../src/progress.ts'
import { deferred, keptLog } from './definitions.ts'

describe('progress', () => {
  it.each([
    [0, undefined, { fraction: 0 }],
    [50, 'half', { fraction: 0.5, text: 'half' }],
    [100, '', { fraction: 1 }],
    [-5, undefined, { fraction: 0 }],
    [1000, undefined, { fraction: 1 }],
    [Number.POSITIVE_INFINITY, undefined, { fraction: 1 }],
    [{ step: 1, of: 4 }, undefined, { fraction: 0.25, step: 1, of: 4 }],
    [{ step: 1, of: 4, text: 'first' }, undefined, { fraction: 0.25, step: 1, of: 4, text: 'first' }],
    [{ step: 9, of: 4 }, 'over', { fraction: 1, step: 9, of: 4, text: 'over' }],
    [10, 'x'.repeat(300), { fraction: 0.1, text: 'x'.repeat(200) }],
    [10, '\ud800', { fraction: 0.1, text: '\ufffd' }],
    [10, 7, { fraction: 0.1 }],
  ])('%j %j is %j', (how, text, progress) => {
    expect(readProgress(how, text)).toEqual(progress)
  })

  it.each([[Number.NaN], ['50'], [null], [undefined], [{}], [{ step: 0, of: 0 }], [{ step: '1', of: '2' }]])(
    '%j is none',
    how => {
      expect(readProgress(how)).toBeUndefined()
    },
  )
})

describe('throttled progress', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  const at = (fraction: number): Progress => ({ fraction })
  function sink(answer: () => Promise<unknown> = async () => {}) {
    const written: number[] = []
    const { log, lines } = keptLog()
    const report = throttledProgress(({ fraction }) => {
      written.push(fraction)
      return answer()
    }, log)
    return { report, written, lines }
  }

  it('is written at once, and then at most five times a second, the latest each time', async () => {
    const { report, written } = sink()
    for (let i = 1; i <= 100; i++) {
      await report(at(i / 100))
      await vi.advanceTimersByTimeAsync(10)
    }
    expect(written[0]).toBe(0.01)
    expect(written.length).toBeGreaterThanOrEqual(5)
    expect(written.length).toBeLessThanOrEqual(6)
    expect(written).toEqual([...written].sort((a, b) => a - b))
  })

  it('is written later when the job says nothing more', async () => {
    const { report, written } = sink()
    await report(at(0.1))
    await report(at(0.2))
    expect(written).toEqual([0.1])
    await vi.advanceTimersByTimeAsync(250)
    expect(written).toEqual([0.1, 0.2])
  })

  it('is written before the job ends, the last always', async () => {
    const { report, written } = sink()
    await report(at(0.1))
    await report(at(0.2))
    await report(at(0.3))
    await report.end?.()
    expect(written).toEqual([0.1, 0.3])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('has one write on its way at a time', async () => {
    const first = deferred<void>()
    const { report, written } = sink(() => first.promise)
    await report(at(0.1))
    await vi.advanceTimersByTimeAsync(500)
    await report(at(0.2))
    await vi.advanceTimersByTimeAsync(500)
    expect(written).toEqual([0.1])
    first.resolve()
    await vi.advanceTimersByTimeAsync(0)
    expect(written).toEqual([0.1, 0.2])
  })

  it('does not fail a job when it can not be written', async () => {
    const { report, written, lines } = sink(async () => {
      throw new Error('Redis is away')
    })
    await report(at(0.1))
    await report(at(0.2))
    await report.end?.()
    expect(written).toEqual([0.1, 0.2])
    expect(lines).toMatchObject([{ level: 'debug' }, { level: 'debug' }])
  })

  it('holds up the end of a job for a second at most', async () => {
    const { report } = sink(() => new Promise(() => {}))
    await report(at(0.1))
    let isOver = false
    const over = report.end?.()?.then(() => {
      isOver = true
    })
    await vi.advanceTimersByTimeAsync(999)
    expect(isOver).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    await over
    expect(vi.getTimerCount()).toBe(0)
  })

  it('leaves nothing behind for a job that reports none', async () => {
    const { report, written } = sink()
    await report.end?.()
    expect(written).toEqual([])
    expect(vi.getTimerCount()).toBe(0)
  })
})
