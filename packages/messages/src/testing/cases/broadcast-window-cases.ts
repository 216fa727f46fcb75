import { deepEqual, rejects } from 'node:assert/strict'
import { info } from '../../message.ts'
import { type ContractCase, idsOf, type Trial } from '../trial.ts'

const MINUTE = 60 * 1000

export const broadcastWindowCases: readonly ContractCase[] = [
  {
    name: 'it is not for owners who came to be after it, wherever they look',
    async run(trial) {
      const { store, newOwner } = trial
      await store.broadcast(info('old'))
      const since = await later(trial)
      await store.broadcast(info('new'))
      const reader = { owner: newOwner(), since }
      deepEqual(await trial.unread(reader), ['new'])
      deepEqual(
        (await store.inbox(reader.owner, { since })).map(({ text }) => text),
        ['new'],
      )
      deepEqual([await trial.show(reader), await trial.show(reader)], [['new'], []])
    },
  },
  {
    name: 'it is for owners who were there before it',
    async run(trial) {
      const { store, newOwner } = trial
      const since = await later(trial)
      await store.broadcast(info('one'))
      deepEqual(await trial.show({ owner: newOwner(), since }), ['one'])
    },
  },
  {
    name: 'it is not for who came to be after it, although an open page of theirs has read a newer one',
    async run(trial) {
      const { store, newOwner } = trial
      await store.broadcast(info('old'))
      const reader = { owner: newOwner(), since: await later(trial) }
      await store.broadcast(info('new'))
      await store.read(reader, idsOf(await store.unread(reader, { limit: 10 })))
      deepEqual([await trial.unread(reader), await trial.show(reader)], [[], []])
    },
  },
  {
    name: 'it is not for who came to be after it, although they have dismissed a newer one',
    async run(trial) {
      const { store, newOwner } = trial
      await store.broadcast(info('old'))
      const reader = { owner: newOwner(), since: await later(trial) }
      await store.dismiss(reader.owner, await store.broadcast(info('new')))
      deepEqual([await trial.unread(reader), await trial.show(reader)], [[], []])
    },
  },
  {
    name: 'it waits for its time, also behind what is shown already',
    async run(trial) {
      const { store, newOwner } = trial
      const [owner, late] = [newOwner(), newOwner()]
      const now = await timeOf(trial)
      await store.broadcast(info('later'), { from: new Date(now + 1000), until: new Date(now + MINUTE) })
      await store.broadcast(info('at once'))
      await store.post(owner, info('mine'))
      deepEqual([await trial.show({ owner }), await trial.show({ owner })], [['at once', 'mine'], []])
      deepEqual(
        (await trial.inbox(owner)).map(([text]) => text),
        ['mine', 'at once'],
      )
      await trial.becomes(() => trial.unread({ owner }), ['later'])
      deepEqual([await trial.show({ owner }), await trial.show({ owner })], [['later'], []])
      deepEqual(await trial.show({ owner: late }), ['later', 'at once'])
    },
  },
  {
    name: 'it ends with its time',
    async run(trial) {
      const { store, newOwner } = trial
      const [early, late] = [newOwner(), newOwner()]
      const now = await timeOf(trial)
      await store.broadcast(info('short'), { until: new Date(now + 500) })
      await store.broadcast(info('long'))
      deepEqual(await trial.show({ owner: early }), ['short', 'long'])
      await trial.becomes(async () => (await store.broadcasts()).map(({ text }) => text), ['long'])
      deepEqual(
        [await trial.unread({ owner: late }), await trial.show({ owner: late })],
        [['long'], ['long']],
      )
      deepEqual(await trial.inbox(early), [['long', false]])
    },
  },
  {
    name: 'it lasts for all of its time, although one that ends sooner was written after it',
    bounds: { ttl: 1000 },
    async run(trial) {
      const { store, newOwner } = trial
      const owner = newOwner()
      const now = await timeOf(trial)
      await store.broadcast(info('from tomorrow'), {
        from: new Date(now + 1500),
        until: new Date(now + 2500),
      })
      await store.broadcast(info('today'))
      deepEqual(await trial.show({ owner }), ['today'])
      await trial.passes(1500)
      await trial.becomes(() => trial.show({ owner }), ['from tomorrow'])
      deepEqual(await trial.show({ owner }), [])
    },
  },
  {
    name: 'it is refused with an end before its beginning, or in the past',
    async run(trial) {
      const now = await timeOf(trial)
      const at = (ms: number) => new Date(now + ms)
      for (const window of [
        { from: at(2 * MINUTE), until: at(MINUTE) },
        { until: at(-MINUTE) },
        { until: new Date(NaN) },
      ])
        await rejects(trial.store.broadcast(info('x'), window), TypeError)
      deepEqual(await trial.store.broadcasts(), [])
    },
  },
]

/** The store's time, ms: that of a message which is posted now. */
async function timeOf({ store, newOwner }: Trial): Promise<number> {
  const owner = newOwner()
  await store.post(owner, info('what time is it?'))
  return Number((await store.inbox(owner))[0]?.time)
}

/** A moment after all that was posted until now; it is over when this returns. */
async function later(trial: Trial): Promise<Date> {
  const since = new Date((await timeOf(trial)) + 1)
  await trial.passes(2)
  return since
}
