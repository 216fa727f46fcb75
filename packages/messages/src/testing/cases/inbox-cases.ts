import { deepEqual, equal } from 'node:assert/strict'
import { info } from '../../message.ts'
import { type ContractCase, idsOf } from '../trial.ts'

export const inboxCases: readonly ContractCase[] = [
  {
    name: 'is empty for whom nothing was posted',
    async run({ store, newOwner }) {
      deepEqual(await store.inbox(newOwner()), [])
    },
  },
  {
    name: 'has the newest first, read or not, and is consumed by nothing but pages',
    async run({ store, show, inbox, newOwner }) {
      const owner = newOwner()
      await store.post(owner, [info('one'), info('two'), info('three')])
      const all = [
        ['three', true],
        ['two', true],
        ['one', true],
      ]
      deepEqual([await inbox(owner), await inbox(owner)], [all, all])
      deepEqual(await show({ owner }, 2), ['one', 'two'])
      deepEqual(await inbox(owner), [
        ['three', true],
        ['two', false],
        ['one', false],
      ])
    },
  },
  {
    name: 'loses what its owner dismisses, read or not; nobody else can',
    async run({ store, show, inbox, newOwner }) {
      const [alice, bob] = [newOwner(), newOwner()]
      await store.post(alice, info('read'))
      await show({ owner: alice })
      await store.post(alice, [info('unread'), info('kept')])
      const [, unread, read] = (await store.inbox(alice)).map(({ id }) => id)
      for (const id of [unread, read]) {
        equal(await store.dismiss(bob, String(id)), false)
        equal(await store.dismiss(alice, String(id)), true)
        equal(await store.dismiss(alice, String(id)), false)
      }
      deepEqual(await inbox(alice), [['kept', true]])
      deepEqual(await show({ owner: alice }), ['kept'])
    },
  },
  {
    name: 'answers false to an id that is none',
    async run({ store, inbox, newOwner }) {
      const owner = newOwner()
      await store.post(owner, info('one'))
      for (const id of ['', 'nonsense', '*']) equal(await store.dismiss(owner, id), false)
      deepEqual(await inbox(owner), [['one', true]])
    },
  },
  {
    name: 'has lost a dismissed message for good, even where a page held it and gives it back',
    async run({ store, take, show, inbox, newOwner }) {
      const owner = newOwner()
      await store.post(owner, [info('dismissed'), info('kept')])
      const claim = await take({ owner })
      equal(await store.dismiss(owner, String(claim.messages[0]?.id)), true)
      await store.release(claim)
      deepEqual(await show({ owner }), ['kept'])
      deepEqual(await inbox(owner), [['kept', false]])
    },
  },
  {
    name: 'can be marked as read up to what was looked at',
    async run({ store, show, newOwner }) {
      const owner = newOwner()
      await store.post(owner, [info('one'), info('two')])
      const messages = await store.inbox(owner)
      await store.post(owner, info('three'))
      await store.read({ owner }, idsOf({ messages }))
      deepEqual(await show({ owner }), ['three'])
    },
  },
]
