import { deepEqual, equal } from 'node:assert/strict'
import { info } from '../../message.ts'
import { type ContractCase, idsOf, textsOf } from '../trial.ts'

export const openPageCases: readonly ContractCase[] = [
  {
    name: 'are told what is unread, oldest first, no more than the limit, and how many wait; nothing is consumed',
    async run({ store, show, newOwner, newBrowser }) {
      const [owner, browser] = [newOwner(), newBrowser()]
      await store.post(owner, [info('one'), info('two')])
      await store.post({ browser }, info('here'))
      for (let i = 0; i < 2; i++) {
        const open = await store.unread({ owner, browser }, { limit: 2 })
        deepEqual([textsOf(open), open.more], [['one', 'two'], 1])
      }
      deepEqual(await show({ owner, browser }), ['one', 'two', 'here'])
      deepEqual(await store.unread({ owner, browser }, { limit: 2 }), { messages: [], more: 0 })
    },
  },
  {
    name: 'read exactly what they have shown: the rest comes on the next page',
    async run({ store, show, inbox, newOwner, newBrowser }) {
      const [owner, browser] = [newOwner(), newBrowser()]
      await store.post({ browser }, info('here'))
      await store.post(owner, [info('one'), info('two'), info('three')])
      const ids = idsOf(await store.unread({ owner, browser }, { limit: 10 }))
      await store.read({ owner, browser }, [String(ids[0]), String(ids[2])])
      deepEqual(await show({ owner, browser }), ['one', 'three'])
      deepEqual(await inbox(owner), [
        ['three', false],
        ['two', false],
        ['one', false],
      ])
    },
  },
  {
    name: 'do nothing by a read that is repeated',
    async run({ store, show, newOwner }) {
      const owner = newOwner()
      await store.post(owner, [info('one'), info('two')])
      const [id = ''] = idsOf(await store.unread({ owner }, { limit: 1 }))
      await store.read({ owner }, [id])
      await store.read({ owner }, [id, id])
      deepEqual(await show({ owner }), ['two'])
    },
  },
  {
    name: 'are not told what another page holds, until it gives it back',
    async run({ store, take, unread, newOwner }) {
      const owner = newOwner()
      await store.post(owner, info('held'))
      const claim = await take({ owner })
      await store.post(owner, info('new'))
      deepEqual(await unread({ owner }), ['new'])
      await store.release(claim)
      deepEqual(await unread({ owner }), ['held', 'new'])
    },
  },
  {
    name: 'read what another page holds, too: it is not new again when that one gives it back',
    async run({ store, take, show, unread, newOwner, newBrowser }) {
      const reader = { owner: newOwner(), browser: newBrowser() }
      await store.post(reader.owner, [info('mine'), info('mine too')])
      await store.post({ browser: reader.browser }, info('here'))
      await store.broadcast(info('for all'))
      const claim = await take(reader)
      const [mine = '', , ...others] = idsOf(claim)
      await store.read(reader, [mine, ...others])
      await store.release(claim)
      deepEqual([await unread(reader), await show(reader)], [['mine too'], ['mine too']])
      equal((await store.broadcasts())[0]?.seen, 1)
    },
  },
  {
    name: 'count once what they read and the page that held it shows as well',
    async run({ store, take, show, newOwner }) {
      const owner = newOwner()
      const id = await store.broadcast(info('for all'))
      const claim = await take({ owner })
      await store.read({ owner }, [id])
      await store.confirm(claim, [id])
      deepEqual([await show({ owner }), (await store.broadcasts())[0]?.seen], [[], 1])
    },
  },
  {
    name: 'leave to a page what it holds when they read something newer',
    async run({ store, take, show, unread, newOwner }) {
      const owner = newOwner()
      await store.post(owner, [info('held'), info('held too')])
      const claim = await take({ owner })
      await store.post(owner, info('live'))
      await store.read({ owner }, idsOf(await store.unread({ owner }, { limit: 10 })))
      equal(await store.claim({ owner }, { limit: 10 }), undefined)
      await store.confirm(claim, idsOf(claim).slice(0, 1))
      deepEqual([await unread({ owner }), await show({ owner })], [['held too'], ['held too']])
    },
  },
  {
    name: 'change nothing by ids that are none of theirs: what comes later is still shown',
    async run({ store, show, newOwner }) {
      const [alice, bob] = [newOwner(), newOwner()]
      await store.post(alice, info('one'))
      await store.post(bob, info("bob's"))
      const [own = ''] = idsOf(await store.unread({ owner: alice }, { limit: 1 }))
      const [foreign = ''] = idsOf(await store.unread({ owner: bob }, { limit: 1 }))
      const forged = ['0', '1', '9'].flatMap(digit => [own.replace(/\d/g, digit), `${own}${digit}`, digit])
      await store.read({ owner: alice, browser: 'b' }, [
        '',
        'nonsense',
        foreign,
        `${own}b`,
        `${own}e`,
        ...forged,
      ])
      await store.broadcast(info('for all'))
      await store.post(alice, info('two'))
      deepEqual(await show({ owner: alice }), ['one', 'for all', 'two'])
      deepEqual(await show({ owner: bob }), ["bob's", 'for all'])
    },
  },
]
