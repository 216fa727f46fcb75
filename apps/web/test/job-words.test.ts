import type { JobView } from '@tidings/jobs'
import { describe, expect, it } from 'vitest'
import { jobOnPage } from '../src/job-page.ts'
import { jobState, stateWords, usualTime } from '../src/job-words.ts'

const job: JobView = {
  id: 'AAAAAAAAAAAAAAAAAAAAAA',
  name: 'demo',
  owner: 'alice',
  title: 'Demo',
  state: 'waiting',
  attempt: 0,
  attempts: 3,
  input: {},
  createdAt: new Date(0),
}

describe('how a job stands', () => {
  it.each<[Partial<JobView>, string, string]>([
    [{}, 'waiting', 'Waiting'],
    [{ place: { number: 3, is: 'exact' } }, 'waiting', 'Waiting, place 3'],
    [{ place: { number: 12, is: 'about' } }, 'waiting', 'Waiting, about place 12'],
    [{ place: { number: 1000, is: 'over' } }, 'waiting', 'Waiting, place over 1,000'],
    [{ attempt: 1, place: { number: 1, is: 'exact' } }, 'waiting', 'Trying again, 2 of 3, place 1'],
    [{ state: 'delayed' }, 'delayed', 'Waiting for its time'],
    [{ state: 'delayed', attempt: 1 }, 'delayed', 'Trying again, 2 of 3'],
    [{ state: 'active', attempt: 1 }, 'active', 'Running'],
    [{ state: 'active', attempt: 2 }, 'active', 'Running, attempt 2 of 3'],
    [{ state: 'completed', outcome: 'success' }, 'completed', 'Done'],
    [{ state: 'completed', outcome: 'partial' }, 'completed', 'Partly done'],
    [{ state: 'failed', outcome: 'failure' }, 'failed', 'Failed'],
    [{ state: 'failed', outcome: 'cancelled' }, 'cancelled', 'Cancelled'],
  ])('%j is said as %s: %s', (facts, state, words) => {
    expect(jobState({ ...job, ...facts })).toBe(state)
    expect(stateWords({ ...job, ...facts })).toBe(words)
  })

  it('says when it is tried next, to the second, and when it starts', () => {
    const nextAttemptAt = new Date(Date.UTC(2026, 0, 2, 3, 4, 5))
    const delayed = { ...job, state: 'delayed' as const, nextAttemptAt }
    expect(jobOnPage({ ...delayed, attempt: 1 }, undefined).next).toMatchObject({
      before: 'next at',
      text: '03:04:05 UTC',
    })
    expect(jobOnPage(delayed, undefined).next).toMatchObject({
      before: 'starts at',
      text: '2 Jan 2026, 03:04 UTC',
    })
  })
})

it('how long jobs took is said by the middle one, in round words', () => {
  const took = (...seconds: number[]) =>
    usualTime(
      seconds.map(time => ({
        ...job,
        startedAt: new Date(0),
        finishedAt: new Date(Math.round(time * 1000)),
      })),
    )
  expect(took()).toBeUndefined()
  expect(took(0.2)).toBe('about a second')
  expect(took(900, 3, 2.8)).toBe('about 3 seconds')
  expect(took(300)).toBe('about 5 minutes')
  expect(took(7200)).toBe('about 2 hours')
})
