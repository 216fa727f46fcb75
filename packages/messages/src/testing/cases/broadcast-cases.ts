import { deepEqual, equal, ok } from 'node:assert/strict'
import { info, warning } from '../../message.ts'
import { type ContractCase, idsOf, textsOf } from '../trial.ts'

export const broadcastCases: readonly ContractCase[] = [
  {
    name: 'are shown once to each owner, in order of time with their own messages',
    async run({ store, show, newOwner }) {
      const [alice, bob] = [newOwner(), newOwner()]
      await store.post(alice, info('before'))
      await store.broadcast(warning('Maintenance tonight.', { extraTags: 'plan' }))
      await store.post(alice, info('after'))
      deepEqual(await show({ owner: alice }), ['before', 'Maintenance tonight.', 'after'])
      deepEqual([await show({ owner: alice }), await show({ owner: bob })], [[], ['Maintenance tonight.']])
      deepEqual(await show({ owner: bob }), [])
    },
  },
  {
    name: 'are shown once to an owner with two browsers, and not to visitors',
    async run({ store, show, unread, newOwner, newBrowser }) {
      const [owner, here, there] = [newOwner(), newBrowser(), newBrowser()]
      await store.broadcast(info('for all'))
      deepEqual([await show({ browser: here }), await unread({ browser: here })], [[], []])
      deepEqual(await show({ owner, browser: here }), ['for all'])
      deepEqual(await show({ owner, browser: there }), [])
    },
  },
  {
    name: 'are released, confirmed and left unshown like any message',
    async run({ store, take, show, newOwner }) {
      const [alice, bob] = [newOwner(), newOwner()]
      for (const text of ['1', '2', '3']) await store.broadcast(info(text))
      await store.release(await take({ owner: alice }))
      const claim = await take({ owner: alice })
      equal(await store.claim({ owner: alice }, { limit: 10 }), undefined)
      deepEqual(textsOf(await take({ owner: bob })), ['1', '2', '3'])
      await store.confirm(claim, idsOf(claim).slice(1, 2))
      deepEqual(await show({ owner: alice }), ['1', '3'])
    },
  },
  {
    name: 'are listed, newest first, with how many have seen each: each owner once, and only who was shown it',
    async run({ store, take, show, newOwner }) {
      const [alice, bob, carol] = [newOwner(), newOwner(), newOwner()]
      const id = await store.broadcast(info('first', { extraTags: 'x' }))
      await store.broadcast(info('second'))
      await store.release(await take({ owner: alice }))
      const seen = async () => (await store.broadcasts()).map(({ text, seen }) => [text, seen])
      deepEqual(await seen(), [
        ['second', 0],
        ['first', 0],
      ])
      deepEqual(await show({ owner: alice }, 1), ['first'])
      await store.read({ owner: bob }, [id])
      await store.read({ owner: bob }, [id])
      const claim = await take({ owner: carol })
      for (let i = 0; i < 2; i++) await store.confirm(claim, idsOf(claim))
      deepEqual(await seen(), [
        ['second', 1],
        ['first', 3],
      ])
      const first = (await store.broadcasts())[1]
      deepEqual([first?.id, first?.tags, first?.from], [id, 'x info', undefined])
      ok((first?.until ?? 0) > (first?.time ?? 0), 'expected that it ends')
    },
  },
  {
    name: 'can be withdrawn: who has not seen it never will, and no inbox has it any more',
    async run({ store, take, show, inbox, newOwner }) {
      const [alice, bob, carol] = [newOwner(), newOwner(), newOwner()]
      const id = await store.broadcast(info('oops'))
      await store.broadcast(info('stays'))
      deepEqual(await show({ owner: alice }), ['oops', 'stays'])
      const held = await take({ owner: carol })
      deepEqual(
        [await store.withdraw(id), await store.withdraw(id), await store.withdraw('x')],
        [true, false, false],
      )
      await store.release(held)
      deepEqual([await show({ owner: bob }), await show({ owner: carol })], [['stays'], ['stays']])
      deepEqual(await inbox(alice), [['stays', false]])
      deepEqual(
        (await store.broadcasts()).map(({ text }) => text),
        ['stays'],
      )
    },
  },
  {
    name: "withdraw nothing else by an id: an owner's message stays",
    async run({ store, inbox, newOwner }) {
      const owner = newOwner()
      await store.post(owner, info('mine'))
      equal(await store.withdraw(String((await store.inbox(owner))[0]?.id)), false)
      deepEqual(await inbox(owner), [['mine', true]])
    },
  },
  {
    name: 'are in the inbox until their reader dismisses them there; others keep them',
    async run({ store, show, inbox, newOwner }) {
      const [alice, bob] = [newOwner(), newOwner()]
      const id = await store.broadcast(info('for all'))
      deepEqual(await inbox(alice), [['for all', true]])
      deepEqual([await store.dismiss(alice, id), await store.dismiss(alice, id)], [true, false])
      deepEqual([await inbox(alice), await show({ owner: alice })], [[], []])
      deepEqual([await show({ owner: bob }), await inbox(bob)], [['for all'], [['for all', false]]])
    },
  },
  {
    name: 'are gone for good once dismissed, even where a page held them and gives them back',
    async run({ store, take, show, unread, newOwner }) {
      const owner = newOwner()
      const id = await store.broadcast(info('dismissed'))
      await store.broadcast(info('kept'))
      const claim = await take({ owner })
      equal(await store.dismiss(owner, id), true)
      await store.release(claim)
      deepEqual([await unread({ owner }), await show({ owner })], [['kept'], ['kept']])
    },
  },
  {
    name: 'leave the others unread when one of them is dismissed or read by an open page',
    async run({ store, show, newOwner }) {
      const [alice, bob] = [newOwner(), newOwner()]
      const [, second = '', third = ''] = [
        await store.broadcast(info('1')),
        await store.broadcast(info('2')),
        await store.broadcast(info('3')),
      ]
      await store.dismiss(alice, second)
      await store.read({ owner: bob }, [third])
      deepEqual(
        [await show({ owner: alice }), await show({ owner: bob })],
        [
          ['1', '3'],
          ['1', '2'],
        ],
      )
    },
  },
  {
    name: 'are replaced by one with the same key',
    async run({ store, show, newOwner }) {
      const owner = newOwner()
      await store.broadcast(info('tonight at 8', { key: 'maintenance' }))
      await store.broadcast(info('tonight at 9', { key: 'maintenance' }))
      deepEqual(await show({ owner }), ['tonight at 9'])
      equal((await store.broadcasts()).length, 1)
    },
  },
]
