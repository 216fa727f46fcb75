import { describe, expect, it } from 'vitest'
import { evidence } from './evidence.ts'
import { type Ending, type Final, History, type Told } from './history.ts'

const NONE = { lost: [], doubled: [], contradictory: [], mismatched: [], unexpected: [] }

/** Alice asked for the job `a`, and was answered that it is the job `id-a`. */
function asked(may: Ending[] = ['success']): History {
  const history = new History()
  history.invoked('a', 'alice', may)
  history.ok('a', 'id-a')
  return history
}

const told = (more: Partial<Told> = {}): Told => ({
  owner: 'alice',
  message: '1',
  job: 'id-a',
  ending: 'success',
  where: 'page',
  at: 0,
  ...more,
})
const final = (more: Partial<Final> = {}): Final => ({ id: 'id-a', label: 'a', ending: 'success', ...more })

describe('a history finds nothing wrong', () => {
  it('when a job was told once, on a page and in the inbox', () => {
    const history = asked()
    history.came(told())
    history.came(told({ where: 'inbox' }))
    history.ended(final())
    expect(history.verdict()).toMatchObject({ ...NONE, counts: { acknowledged: 1, outcomes: 1 } })
  })

  it('when nobody knows whether a job was taken, and it was not', () => {
    const history = new History()
    history.invoked('a', 'alice', ['success'])
    history.unknown('a')
    expect(history.verdict()).toMatchObject({ ...NONE, counts: { unknown: 1, recovered: 0 } })
  })

  it('when nobody knew whether a job was taken, and it was, and told', () => {
    const history = new History()
    history.invoked('a', 'alice', ['success'])
    history.unknown('a')
    history.came(told())
    history.ended(final())
    expect(history.verdict()).toMatchObject({ ...NONE, counts: { unknown: 1, recovered: 1 } })
  })

  it('when a job that can only succeed was given up because its workers died', () => {
    const history = asked()
    history.came(told({ ending: 'failure' }))
    history.ended(final({ ending: 'failure', stalled: true }))
    expect(history.verdict()).toMatchObject({ ...NONE, counts: { givenUp: 1 } })
  })

  it('when a message came again of which nobody knows whether its page was confirmed', () => {
    const history = asked()
    history.came(told())
    history.unconfirmed.add('1')
    history.came(told())
    history.ended(final())
    expect(history.verdict()).toMatchObject(NONE)
  })
})

describe('lost', () => {
  it('is a job that was acknowledged and never told', () => {
    const history = asked()
    history.ended(final())
    expect(history.verdict()).toMatchObject({ ...NONE, lost: ['a'] })
  })

  it('is a job that was acknowledged and is nowhere', () => {
    expect(asked().verdict()).toMatchObject({ ...NONE, lost: ['a'] })
  })

  it('is a job without an answer that was taken all the same, and never told', () => {
    const history = new History()
    history.invoked('a', 'alice', ['success'])
    history.unknown('a')
    history.ended(final())
    expect(history.verdict()).toMatchObject({ ...NONE, lost: ['a'] })
  })
})

describe('doubled', () => {
  it('is a job that was told twice in the same way', () => {
    const history = asked()
    history.came(told())
    history.came(told({ message: '2' }))
    history.ended(final())
    expect(history.verdict()).toMatchObject({ ...NONE, doubled: ['a'] })
  })

  it('is a message on two pages', () => {
    const history = asked()
    history.came(told())
    history.came(told())
    history.ended(final())
    expect(history.verdict()).toMatchObject({ ...NONE, doubled: ['a'] })
  })
})

it('contradictory is a job of which both a success and a failure was told', () => {
  const history = asked(['success', 'failure'])
  history.came(told())
  history.came(told({ message: '2', ending: 'failure' }))
  history.ended(final({ ending: 'failure' }))
  expect(history.verdict()).toMatchObject({ ...NONE, contradictory: ['a'] })
})

describe('mismatched', () => {
  it('is a job that BullMQ holds as failed and whose owner reads of a success', () => {
    const history = asked(['success', 'failure'])
    history.came(told())
    history.ended(final({ ending: 'failure' }))
    expect(history.verdict()).toMatchObject({ ...NONE, mismatched: ['a'] })
  })

  it('is a job that was told and has not ended, or is not there', () => {
    const open = asked()
    open.came(told())
    open.ended(final({ ending: 'open' }))
    expect(open.verdict()).toMatchObject({ ...NONE, mismatched: ['a'] })
    const gone = asked()
    gone.came(told())
    expect(gone.verdict()).toMatchObject({ ...NONE, mismatched: ['a'] })
  })

  it('is a job that ended as a job of its kind never does', () => {
    const history = asked(['failure'])
    history.came(told())
    history.ended(final())
    expect(history.verdict()).toMatchObject({ ...NONE, mismatched: ['a'] })
  })
})

describe('unexpected', () => {
  const unasked: [string, Partial<Told>][] = [
    ['of a job that nobody asked for', { job: 'id-b' }],
    ['of no job', { job: undefined }],
  ]
  it.each(unasked)('is a message %s', (_, more) => {
    const history = asked()
    history.ended(final())
    history.came(told())
    history.came(told({ message: '2', ...more }))
    const { unexpected, ...others } = history.verdict()
    expect(unexpected).toHaveLength(1)
    expect(others).toMatchObject({ lost: [], doubled: [], contradictory: [], mismatched: [] })
  })

  it('is a message to somebody else', () => {
    const history = asked()
    history.ended(final())
    history.came(told({ owner: 'bob' }))
    expect(history.verdict().unexpected).toHaveLength(1)
  })
})

describe("what stood only in an end of Redis' file that was cut off", () => {
  it('is unknown: it may be gone', () => {
    const history = asked()
    history.cut('HSET\r\n{t}:jobs:id-a\r\n', 1)
    expect(history.verdict()).toMatchObject({ ...NONE, inCutTails: ['a'] })
  })

  it('may be told again, when it was told before the cut', () => {
    const history = asked(['success', 'failure'])
    history.came(told({ ending: 'failure' }))
    history.cut('ZADD\r\n{t}:jobs:failed\r\nid-a\r\n', 1)
    history.came(told({ message: '2' }))
    history.came(told({ message: '2', where: 'inbox' }))
    history.ended(final())
    expect(history.verdict()).toMatchObject({ ...NONE, inCutTails: ['a'] })
  })

  it('is owed all the same as far as it is there', () => {
    const history = asked()
    history.cut('id-a', 1)
    history.ended(final())
    expect(history.verdict()).toMatchObject({ ...NONE, lost: ['a'] })
  })

  it('may be shown again, where it was that a page had shown it', () => {
    const history = asked()
    history.came(told({ at: 100 }))
    history.cut('HSET\r\n{t}:reading:user:alice\r\nwatermark', 101)
    history.came(told({ at: 200 }))
    history.ended(final())
    expect(history.verdict()).toMatchObject({ ...NONE, inCutTails: [] })
  })

  it('may have confirmed a page that was still on its way, or that had come long before', () => {
    const early = asked()
    early.came(told({ at: 110, askedAt: 100 }))
    early.cut('HSET\r\n{t}:reading:user:alice\r\nwatermark', 105)
    early.came(told({ at: 200 }))
    early.ended(final())
    expect(early.verdict()).toMatchObject(NONE)
    const late = asked()
    late.came(told({ at: 100 }))
    late.cut('HSET\r\n{t}:reading:user:alice\r\nwatermark', 10_050)
    late.came(told({ at: 10_200 }))
    late.ended(final())
    expect(late.verdict()).toMatchObject(NONE)
  })

  it.each([
    ['asked for after it', 102, 110],
    ['whose lease was over before it', -10_010, -10_000],
  ])('excuses no page %s', (_, askedAt, at) => {
    const history = asked()
    history.came(told({ at, askedAt }))
    history.cut('HSET\r\n{t}:reading:user:alice\r\nwatermark', 101)
    history.came(told({ at: 200, askedAt: 200 }))
    history.ended(final())
    expect(history.verdict()).toMatchObject({ ...NONE, doubled: ['a'] })
  })

  it('excuses nobody else', () => {
    const history = asked()
    history.came(told({ at: 100 }))
    history.cut('HSET\r\n{t}:reading:user:alice2\r\nwatermark', 101)
    history.came(told({ at: 200 }))
    history.ended(final())
    expect(history.verdict()).toMatchObject({ ...NONE, doubled: ['a'] })
  })
})

it('tells all that it holds of a job, in the order of time', () => {
  const history = asked()
  history.ok('a', 'id-a')
  history.came(told({ askedAt: 1_040, at: 1_100, message: '7' }))
  history.cut('HSET\r\n{t}:reading:user:alice\r\nwatermark', 1_050)
  history.cut('HSET\r\n{t}:jobs:id-b\r\n', 1_200)
  history.ended(final())
  expect(evidence(history, 'a', 1_000)).toEqual([
    'a (id-a) of alice: asked for with the answer "ok", may be success, is success',
    '  0.050 s: lost 39 bytes with reading:user:alice',
    '  0.040 s to 0.100 s: page of alice, success (message 7)',
    '  0.200 s: lost 21 bytes with nothing of this job',
  ])
})
