import { deepEqual, equal } from 'node:assert/strict'
import { info, warning } from '../../message.ts'
import { type ContractCase, idsOf, textsOf } from '../trial.ts'

const numbers = (count: number) => Array.from({ length: count }, (_, i) => info(String(i)))

export const claimCases: readonly ContractCase[] = [
  {
    name: 'has nothing for whom nothing was posted',
    async run({ store, newOwner, newBrowser }) {
      equal(await store.claim({ owner: newOwner(), browser: newBrowser() }, { limit: 10 }), undefined)
    },
  },
  {
    name: 'shows a message on one page and keeps it in the inbox',
    async run({ store, show, inbox, newOwner }) {
      const owner = newOwner()
      await store.post(owner, [info('one'), warning('two')])
      deepEqual([await show({ owner }), await show({ owner })], [['one', 'two'], []])
      deepEqual(await inbox(owner), [
        ['two', false],
        ['one', false],
      ])
    },
  },
  {
    name: 'gives a second page only what has come since',
    async run({ store, take, newOwner }) {
      const owner = newOwner()
      await store.post(owner, info('one'))
      const first = await take({ owner })
      equal(await store.claim({ owner }, { limit: 10 }), undefined)
      await store.post(owner, info('two'))
      deepEqual([textsOf(first), textsOf(await take({ owner }))], [['one'], ['two']])
    },
  },
  {
    name: 'says to whom a claim belongs, and that nothing else waits',
    async run({ store, take, newOwner, newBrowser }) {
      const reader = { owner: newOwner(), browser: newBrowser() }
      await store.post(reader.owner, info('one'))
      const { reader: whose, more, dropped } = await take(reader)
      deepEqual({ whose, more, dropped }, { whose: reader, more: 0, dropped: 0 })
    },
  },
  {
    name: 'takes the oldest, no more than the limit, and says how many wait',
    async run({ store, take, show, newOwner }) {
      const owner = newOwner()
      await store.post(owner, numbers(25))
      const claim = await take({ owner }, 10)
      deepEqual([textsOf(claim), claim.more], [numbers(10).map(({ text }) => text), 15])
      await store.confirm(claim, idsOf(claim))
      equal((await show({ owner }, Infinity)).length, 15)
    },
  },
  {
    name: 'shows on the next page what a page held and did not show',
    async run({ store, take, show, newOwner }) {
      const owner = newOwner()
      await store.post(owner, [info('one'), info('two'), info('three')])
      const claim = await take({ owner })
      await store.confirm(claim, idsOf(claim).slice(1, 2))
      deepEqual(await show({ owner }), ['one', 'three'])
    },
  },
  {
    name: 'has all of a claim unread again when none of it was shown',
    async run({ store, take, show, newOwner }) {
      const owner = newOwner()
      await store.post(owner, [info('one'), info('two')])
      await store.confirm(await take({ owner }), [])
      deepEqual(await show({ owner }), ['one', 'two'])
    },
  },
  {
    name: 'shows what was released on the next page, before what has come since',
    async run({ store, take, show, newOwner }) {
      const owner = newOwner()
      await store.post(owner, [info('one'), info('two')])
      const claim = await take({ owner })
      await store.post(owner, info('three'))
      await store.release(claim)
      deepEqual(await show({ owner }), ['one', 'two', 'three'])
    },
  },
  {
    name: 'keeps the order when pages with a limit give back and take again',
    async run({ store, take, show, newOwner }) {
      const owner = newOwner()
      await store.post(owner, numbers(6))
      const [first, second] = [await take({ owner }, 2), await take({ owner }, 2)]
      await store.release(second)
      await store.release(first)
      deepEqual(await show({ owner }, 3), ['0', '1', '2'])
      deepEqual(await show({ owner }, 10), ['3', '4', '5'])
    },
  },
  {
    name: 'counts as unread in the inbox what a page holds',
    async run({ store, take, inbox, newOwner }) {
      const owner = newOwner()
      await store.post(owner, info('one'))
      await take({ owner })
      deepEqual(await inbox(owner), [['one', true]])
    },
  },
  {
    name: 'does nothing by a confirm that is repeated',
    async run({ store, take, show, newOwner }) {
      const owner = newOwner()
      await store.post(owner, [info('one'), info('two')])
      const claim = await take({ owner })
      await store.confirm(claim, idsOf(claim).slice(0, 1))
      await store.confirm(claim, idsOf(claim).slice(0, 1))
      deepEqual(await show({ owner }), ['two'])
    },
  },
  {
    name: 'does nothing by a release that is repeated, nor by one after the confirm',
    async run({ store, take, show, newOwner }) {
      const owner = newOwner()
      await store.post(owner, info('one'))
      const released = await take({ owner })
      await store.release(released)
      const claim = await take({ owner })
      await store.release(released)
      equal(await store.claim({ owner }, { limit: 10 }), undefined)
      await store.confirm(claim, idsOf(claim))
      await store.release(claim)
      deepEqual(await show({ owner }), [])
    },
  },
  {
    name: 'takes nothing from another page by a confirm after the release',
    async run({ store, take, show, newOwner }) {
      const owner = newOwner()
      await store.post(owner, info('one'))
      const released = await take({ owner })
      await store.release(released)
      const claim = await take({ owner })
      await store.confirm(released, idsOf(released))
      await store.release(claim)
      deepEqual(await show({ owner }), ['one'])
    },
  },
  ...[
    ['confirm', 'confirm'],
    ['confirm', 'release'],
    ['release', 'confirm'],
    ['release', 'release'],
  ].flatMap(([one, two]) =>
    [false, true].map(
      (isReversed): ContractCase => ({
        name: `ends two claims each on its own: ${one} the first, ${two} the second, ${isReversed ? 'second first' : 'first first'}`,
        async run({ store, take, show, newOwner }) {
          const owner = newOwner()
          await store.post(owner, numbers(4))
          const ends = [
            { claim: await take({ owner }, 2), end: one },
            { claim: await take({ owner }, 2), end: two },
          ]
          const released = ends.filter(({ end }) => end === 'release').flatMap(({ claim }) => textsOf(claim))
          for (const { claim, end } of isReversed ? ends.toReversed() : ends) {
            if (end === 'confirm') await store.confirm(claim, idsOf(claim))
            else await store.release(claim)
          }
          deepEqual(await show({ owner }), released)
        },
      }),
    ),
  ),
  {
    name: "confirms only the claim's own: ids of others, and such as nobody has, change nothing",
    async run({ store, take, show, newOwner }) {
      const [alice, bob] = [newOwner(), newOwner()]
      await store.post(alice, info('one'))
      await store.post(bob, info("bob's"))
      const [claim, [foreign = '']] = [await take({ owner: alice }), idsOf(await take({ owner: bob }))]
      const forged = idsOf(claim).map(id => id.replace(/\d/g, '9'))
      await store.confirm(claim, ['', 'nonsense', foreign, ...forged])
      await store.post(alice, info('two'))
      deepEqual(await show({ owner: alice }), ['one', 'two'])
      deepEqual(
        (await store.inbox(bob)).map(({ unread }) => unread),
        [true],
      )
    },
  },
]
