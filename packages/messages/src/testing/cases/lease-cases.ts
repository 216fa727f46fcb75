import { deepEqual, equal } from 'node:assert/strict'
import { info } from '../../message.ts'
import { type ContractCase, idsOf, textsOf } from '../trial.ts'

export const leaseCases: readonly ContractCase[] = [
  {
    name: 'end for a page that died: what it held is unread again',
    async run(trial) {
      const { store, take, newOwner } = trial
      const owner = newOwner()
      await store.post(owner, [info('one'), info('two')])
      await take({ owner })
      await store.post(owner, info('three'))
      await take({ owner }, 1)
      await trial.becomes(() => trial.unread({ owner }), ['one', 'two', 'three'])
      deepEqual(await trial.show({ owner }), ['one', 'two', 'three'])
      deepEqual(await trial.show({ owner }), [])
    },
  },
  {
    name: 'belong to one claim each: the end of one gives back nothing of another',
    bounds: { lease: 2000 },
    async run(trial) {
      const { store, take, newOwner } = trial
      const owner = newOwner()
      await store.post(owner, info('dies'))
      await take({ owner })
      await trial.passes(1000)
      await store.post(owner, info('lives'))
      const alive = await take({ owner })
      await trial.becomes(() => trial.unread({ owner }), ['dies'])
      deepEqual(await trial.show({ owner }), ['dies'])
      await store.confirm(alive, idsOf(alive))
      deepEqual(await trial.inbox(owner), [
        ['lives', false],
        ['dies', false],
      ])
    },
  },
  {
    name: 'over, a late release takes nothing from the page that has the messages now',
    async run(trial) {
      const { store, take, newOwner } = trial
      const owner = newOwner()
      await store.post(owner, info('one'))
      const late = await take({ owner })
      await trial.becomes(() => trial.unread({ owner }), ['one'])
      const claim = await take({ owner })
      await store.release(late)
      equal(await store.claim({ owner }, { limit: 10 }), undefined)
      await store.confirm(claim, idsOf(claim))
      deepEqual(await trial.show({ owner }), [])
    },
  },
  {
    name: 'over, a late confirm takes nothing from the page that has the messages now, nor what is new',
    async run(trial) {
      const { store, take, newOwner } = trial
      const owner = newOwner()
      await store.post(owner, [info('one'), info('two')])
      const late = await take({ owner })
      await trial.becomes(() => trial.unread({ owner }), ['one', 'two'])
      const claim = await take({ owner })
      await store.post(owner, info('three'))
      await store.confirm(late, idsOf(late))
      await store.confirm(claim, idsOf(claim).slice(0, 1))
      deepEqual(await trial.show({ owner }), ['two', 'three'])
    },
  },
  ...[
    ['confirm', 'release'],
    ['release', 'confirm'],
  ].map(
    (order): ContractCase => ({
      name: `over, nothing is lost by a late ${order.join(' and then a late ')}`,
      async run(trial) {
        const { store, take, newOwner } = trial
        const owner = newOwner()
        await store.post(owner, info('one'))
        const late = await take({ owner })
        await trial.becomes(() => trial.unread({ owner }), ['one'])
        for (const end of order)
          await (end === 'confirm' ? store.confirm(late, idsOf(late)) : store.release(late))
        const [[text, isUnread] = []] = await trial.inbox(owner)
        equal(text, 'one')
        deepEqual(await trial.show({ owner }), isUnread ? ['one'] : [])
        deepEqual(await trial.show({ owner }), [])
      },
    }),
  ),
  {
    name: "end for a browser's messages and for broadcasts as well",
    async run(trial) {
      const { store, newOwner, newBrowser } = trial
      const reader = { owner: newOwner(), browser: newBrowser() }
      await store.post({ browser: reader.browser }, info('Saved.'))
      await store.broadcast(info('for all'))
      const late = await trial.take(reader)
      await trial.becomes(() => trial.unread(reader), ['Saved.', 'for all'])
      const claim = await trial.take(reader)
      await store.release(late)
      deepEqual([textsOf(claim), await trial.show(reader)], [['Saved.', 'for all'], []])
    },
  },
]
