import type { NewMessage } from '@tidings/messages'
import { describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { defineJob } from '../src/index.ts'
import {
  cancelledMessage,
  type Outcome,
  outcomeMessage,
  overdueMessage,
  startedMessage,
} from '../src/outcome.ts'
import { keptLog } from './definitions.ts'

const job = { jobId: 'j1', name: 'import-posts', owner: 'ada', input: { file: 'a.csv' } }
const ENDINGS: [Outcome, level: number, fixed: string][] = [
  [{ kind: 'success', result: { rows: 3 } }, 25, 'Import posts: done.'],
  [{ kind: 'partial', result: { rows: 2 } }, 30, 'Import posts: done in part.'],
  [{ kind: 'failure', reason: 'It is empty.' }, 40, 'Import posts: failed. It is empty.'],
  [{ kind: 'cancelled' }, 40, 'Import posts: cancelled.'],
]

function jobWith(messages: Record<string, unknown>) {
  return defineJob({
    name: 'import-posts',
    input: z.object({ file: z.string() }),
    run: async () => ({ rows: 1 }),
    messages: { success: () => 'Imported.', ...messages },
  } as never)
}

/** A definition whose every text function is this one. */
function jobSaying(words: (facts: Record<string, unknown>) => unknown) {
  return jobWith({ started: words, success: words, partial: words, failure: words, cancelled: words })
}

describe('the outcome of a job', () => {
  it.each(ENDINGS)('%o has its level, the key of the job and its id', (outcome, level) => {
    const { log, lines } = keptLog()
    expect(
      outcomeMessage(
        jobSaying(() => 'Mine.'),
        job,
        outcome,
        log,
      ),
    ).toEqual({
      level,
      text: 'Mine.',
      key: 'job:j1',
      job: 'j1',
    })
    expect(lines).toEqual([])
  })

  it.each(ENDINGS)('%o is told in words that know the job and how it ended', outcome => {
    const told = vi.fn(() => 'Mine.')
    outcomeMessage(jobSaying(told), job, outcome, keptLog().log)
    const { kind, ...how } = outcome
    expect(told).toHaveBeenCalledWith({
      jobId: 'j1',
      owner: 'ada',
      input: { file: 'a.csv' },
      ...how,
      ...(kind === 'cancelled' && { reason: 'It was cancelled.' }),
    })
  })

  it('may have a link, data, tags and a translation, but no level, key or job of its own', () => {
    const words = {
      text: 'Mine.',
      link: { href: '/files/1', text: 'Download' },
      data: { rows: 1 },
      extraTags: 'import',
      i18n: { key: 'imported', params: { rows: 1 } },
    }
    const said = { ...words, level: 10, key: 'other', job: 'other', more: 1 }
    const message = outcomeMessage(
      jobSaying(() => said),
      job,
      { kind: 'success', result: 1 },
      keptLog().log,
    )
    expect(message).toEqual({ ...words, level: 25, key: 'job:j1', job: 'j1' })
  })

  it.each(ENDINGS)(
    '%o falls back to a fixed sentence, or for `partial` to the words of success',
    (outcome, _level, fixed) => {
      const isTold = outcome.kind === 'success' || outcome.kind === 'partial'
      const { log, lines } = keptLog()
      expect(outcomeMessage(jobWith({}), job, outcome, log).text).toBe(isTold ? 'Imported.' : fixed)
      expect(outcomeMessage(undefined, job, outcome, log).text).toBe(
        fixed.replace('Import posts', 'import-posts'),
      )
      expect(lines).toEqual([])
    },
  )

  const NONSENSE: [string, () => unknown][] = [
    [
      'throws',
      () => {
        throw new Error('no words')
      },
    ],
    [
      'throws what can not be read',
      () => {
        throw hostile()
      },
    ],
    ['returns nothing', () => undefined],
    ['returns a number', () => 7],
    ['returns an empty text', () => ''],
    ['returns only spaces', () => '  \n'],
    ['returns a promise', async () => 'Later.'],
    ['returns a promise that fails', () => Promise.reject(new Error('later'))],
    ['returns a text that is none', () => ({ text: 7 })],
    [
      'returns a link to a script',
      () => ({ text: 'Mine.', link: { href: 'javascript:alert(1)', text: 'x' } }),
    ],
    ['returns more data than a message holds', () => ({ text: 'Mine.', data: { x: 'x'.repeat(10_000) } })],
    ['returns what can not be read', () => hostile()],
  ]

  describe.each(NONSENSE)('whose text function %s', (_, words) => {
    it.each(ENDINGS)('%o is told in a fixed sentence, and the log says why', (outcome, level, text) => {
      const { log, lines } = keptLog()
      expect(outcomeMessage(jobSaying(words), job, outcome, log)).toEqual({
        level,
        text,
        key: 'job:j1',
        job: 'j1',
      })
      expect(lines).toMatchObject([
        { level: 'error', facts: { err: expect.any(Error), jobId: 'j1', message: outcome.kind } },
      ])
    })
  })

  it('is told even when the log is broken', () => {
    const { log } = keptLog()
    const broken = {
      ...log,
      error() {
        throw new Error('disk full')
      },
    }
    expect(
      outcomeMessage(
        jobSaying(() => 7),
        job,
        { kind: 'success', result: 1 },
        broken,
      ).text,
    ).toBe('Import posts: done.')
  })

  it('cuts ten megabytes of text', () => {
    const { text } = outcomeMessage(
      jobSaying(() => 'x'.repeat(10_000_000)),
      job,
      { kind: 'success', result: 1 },
      keptLog().log,
    )
    expect(text.length).toBeLessThanOrEqual(2000)
  })

  it('says who cancelled it, where that is known', () => {
    const { log } = keptLog()
    expect(cancelledMessage(jobWith({}), job, log)).toMatchObject({
      level: 40,
      text: 'Import posts: cancelled.',
    })
    expect(cancelledMessage(jobWith({}), job, log, 'By the operator.').text).toBe(
      'Import posts: cancelled. By the operator.',
    )
  })
})

describe('the start of a job', () => {
  const INFO: Partial<NewMessage> = { level: 20, key: 'job:j1', job: 'j1' }

  it('is told in the words of its definition', () => {
    const definition = jobWith({
      started: ({ input }: { input: { file: string } }) => `${input.file} is read.`,
    })
    expect(startedMessage(definition, job, keptLog().log)).toEqual({ ...INFO, text: 'a.csv is read.' })
  })

  it('is not told where the definition has no words for it, or returns undefined', () => {
    const { log, lines } = keptLog()
    expect(startedMessage(jobWith({}), job, log)).toBeUndefined()
    expect(startedMessage(jobWith({ started: () => undefined }), job, log)).toBeUndefined()
    expect(lines).toEqual([])
  })

  it('is told in a fixed sentence where its words fail', () => {
    const { log, lines } = keptLog()
    expect(startedMessage(jobWith({ started: () => 7 }), job, log)).toEqual({
      ...INFO,
      text: 'Import posts: started.',
    })
    expect(lines).toHaveLength(1)
  })

  it('may be told as overdue', () => {
    expect(overdueMessage(jobWith({}), job, keptLog().log)).toEqual({
      ...INFO,
      text: 'Import posts is taking longer than expected.',
    })
    expect(overdueMessage(undefined, job, keptLog().log).text).toBe(
      'import-posts is taking longer than expected.',
    )
  })
})

function hostile(): object {
  const no = () => {
    throw new Error('no')
  }
  return new Proxy({}, { get: no, has: no, getPrototypeOf: no, ownKeys: no, getOwnPropertyDescriptor: no })
}
