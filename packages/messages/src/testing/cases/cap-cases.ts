import { deepEqual, equal } from 'node:assert/strict'
import { info } from '../../message.ts'
import { type ContractCase, idsOf, textsOf } from '../trial.ts'

export const capCases: readonly ContractCase[] = [
  {
    name: 'reached, drops nothing; past it the oldest unread message goes, and a page says so',
    async run({ store, take, newOwner }) {
      const owner = newOwner()
      for (const text of ['1', '2', '3']) await store.post(owner, info(text))
      const full = await take({ owner })
      deepEqual([textsOf(full), full.dropped], [['1', '2', '3'], 0])
      await store.release(full)
      for (const text of ['4', '5']) await store.post(owner, info(text))
      const claim = await take({ owner })
      deepEqual([textsOf(claim), claim.dropped], [['3', '4', '5'], 2])
    },
  },
  {
    name: 'holds for a single post of many',
    async run({ store, take, inbox, newOwner }) {
      const owner = newOwner()
      await store.post(
        owner,
        ['1', '2', '3', '4', '5', '6', '7'].map(text => info(text)),
      )
      equal((await inbox(owner)).length, 3)
      const claim = await take({ owner })
      deepEqual([textsOf(claim), claim.dropped], [['5', '6', '7'], 4])
    },
  },
  {
    name: 'says what it dropped until a page that was sent has told of it, once',
    async run({ store, take, newOwner }) {
      const owner = newOwner()
      const post = (text: string) => store.post(owner, info(text))
      for (const text of ['1', '2', '3', '4']) await post(text)
      const aborted = await take({ owner })
      await store.release(aborted)
      const sent = await take({ owner })
      deepEqual([aborted.dropped, sent.dropped], [1, 1])
      await post('5') // drops another: all the list was held
      equal(await store.dropped(owner), 2)
      await store.confirm(sent, idsOf(sent))
      await store.confirm(sent, idsOf(sent))
      equal(await store.dropped(owner), 1)
      await post('6')
      equal((await take({ owner })).dropped, 1)
    },
  },
  {
    name: 'says to whoever asks how many it has dropped, of whom, and goes on saying so',
    async run({ store, newOwner }) {
      const [owner, other] = [newOwner(), newOwner()]
      for (const text of ['1', '2', '3', '4', '5']) await store.post(owner, info(text))
      await store.post(other, info('1'))
      deepEqual([await store.dropped(owner), await store.dropped(owner)], [2, 2])
      deepEqual([await store.dropped(other), await store.dropped(newOwner())], [0, 0])
    },
  },
  {
    name: 'drops what was read before what was not, and does not count it',
    async run({ store, take, newOwner }) {
      const owner = newOwner()
      await store.post(owner, [info('1'), info('2'), info('3')])
      const claim = await take({ owner })
      await store.confirm(claim, idsOf(claim).slice(1, 2))
      await store.post(owner, info('4'))
      const next = await take({ owner })
      deepEqual([textsOf(next), next.dropped], [['1', '3', '4'], 0])
    },
  },
  {
    name: 'drops what a page holds last of all',
    async run({ store, take, newOwner }) {
      const owner = newOwner()
      await store.post(owner, [info('1'), info('2')])
      const claim = await take({ owner }, 1)
      await store.post(owner, [info('3'), info('4')])
      await store.release(claim)
      deepEqual(textsOf(await take({ owner })), ['1', '3', '4'])
    },
  },
  {
    name: "is a list's own: what one owner is sent drops nothing of another's",
    async run({ store, take, newOwner, newBrowser }) {
      const [alice, bob, browser] = [newOwner(), newOwner(), newBrowser()]
      await store.post(alice, info('kept'))
      await store.post({ browser }, info('kept here'))
      await store.post(
        bob,
        ['1', '2', '3', '4', '5'].map(text => info(text)),
      )
      const claim = await take({ owner: alice, browser })
      deepEqual([textsOf(claim), claim.dropped], [['kept', 'kept here'], 0])
    },
  },
  {
    name: 'makes room by a key instead of dropping',
    async run({ store, take, newOwner }) {
      const owner = newOwner()
      await store.post(owner, [info('1'), info('2', { key: 'k' }), info('3')])
      await store.post(owner, info('4', { key: 'k' }))
      const claim = await take({ owner })
      deepEqual([textsOf(claim), claim.dropped], [['1', '3', '4'], 0])
    },
  },
  {
    name: 'bounds the inbox, broadcasts among it',
    async run({ store, inbox, newOwner }) {
      const owner = newOwner()
      await store.post(owner, [info('1'), info('2'), info('3')])
      await store.broadcast(info('4'))
      deepEqual(
        (await inbox(owner)).map(([text]) => text),
        ['4', '3', '2'],
      )
    },
  },
  {
    name: 'bounds the broadcasts: the oldest goes, and no page says so',
    async run({ store, take, newOwner }) {
      for (const text of ['1', '2', '3', '4']) await store.broadcast(info(text))
      for (const owner of [newOwner(), 'nobody', 'everyone']) {
        const claim = await take({ owner })
        deepEqual([textsOf(claim), claim.dropped], [['2', '3', '4'], 0])
      }
    },
  },
]
