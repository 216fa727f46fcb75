import { deepEqual, equal } from 'node:assert/strict'
import { info, success } from '../../message.ts'
import { type ContractCase, idsOf, textsOf } from '../trial.ts'

/** Ids that an application may well choose, and that a store may stumble over. */
const STRANGE = [
  'x:y',
  'user:1',
  '1',
  '01',
  'everyone',
  'nobody',
  'browser',
  '__proto__',
  'constructor',
  '{x}',
  '*',
  ' ',
  '\u0130',
  'a|b',
  'a\nb',
]

export const readerCases: readonly ContractCase[] = [
  {
    name: 'see the messages of both in order of time, and only those of the owner are kept',
    async run({ store, show, inbox, unread, newOwner, newBrowser }) {
      const [owner, browser] = [newOwner(), newBrowser()]
      await store.post({ browser }, info('Saved.'))
      await store.post(owner, success('Imported.'))
      await store.post({ browser }, info('Saved again.'))
      deepEqual(await unread({ owner, browser }), ['Saved.', 'Imported.', 'Saved again.'])
      deepEqual(await show({ owner, browser }), ['Saved.', 'Imported.', 'Saved again.'])
      deepEqual(await show({ owner, browser }), [])
      deepEqual(await inbox(owner), [['Imported.', false]])
    },
  },
  {
    name: 'count what is left of both lists against one limit',
    async run({ store, take, newOwner, newBrowser }) {
      const [owner, browser] = [newOwner(), newBrowser()]
      await store.post({ browser }, [info('1'), info('2')])
      await store.post(owner, [info('3'), info('4')])
      const claim = await take({ owner, browser }, 3)
      deepEqual([textsOf(claim), claim.more], [['1', '2', '3'], 1])
    },
  },
  {
    name: "have what a page gave back: the browser's message is there again",
    async run({ store, take, show, newOwner, newBrowser }) {
      const [owner, browser] = [newOwner(), newBrowser()]
      await store.post({ browser }, [info('Saved.'), info('Sent.')])
      await store.release(await take({ browser }))
      const claim = await take({ owner, browser })
      await store.confirm(claim, idsOf(claim).slice(1))
      deepEqual(await show({ browser }), ['Saved.'])
    },
  },
  {
    name: "in two browsers: each sees its own, and one of them the owner's",
    async run({ store, show, newOwner, newBrowser }) {
      const [owner, here, there] = [newOwner(), newBrowser(), newBrowser()]
      await store.post({ browser: here }, info('here'))
      await store.post({ browser: there }, info('there'))
      await store.post(owner, info('anywhere'))
      deepEqual(await show({ owner, browser: here }), ['here', 'anywhere'])
      deepEqual(await show({ owner, browser: there }), ['there'])
    },
  },
  {
    name: "a visitor sees their browser's messages alone",
    async run({ store, show, newOwner, newBrowser }) {
      const [owner, browser] = [newOwner(), newBrowser()]
      await store.post(owner, info('private'))
      await store.post({ browser }, info('Welcome.'))
      deepEqual(await show({ browser }), ['Welcome.'])
      deepEqual([await show({}), await show({ browser: newBrowser() })], [[], []])
    },
  },
  {
    name: 'are never taken for another: an owner, and a browser with the same id',
    async run({ store, show, newOwner }) {
      const id = newOwner()
      await store.post({ browser: id }, info('browser'))
      equal(await store.claim({ owner: id }, { limit: 10 }), undefined)
      await store.post(id, info('owner'))
      deepEqual([await show({ owner: id }), await show({ browser: id })], [['owner'], ['browser']])
    },
  },
  {
    name: 'may have any id',
    async run({ store, show, inbox }) {
      for (const id of STRANGE) await store.post(id, info(`owner ${id}`))
      for (const id of STRANGE) await store.post({ browser: id }, info(`browser ${id}`))
      await store.broadcast(info('for all'))
      for (const id of STRANGE) {
        deepEqual((await inbox(id)).length, 2)
        deepEqual(await show({ owner: id }), [info(`owner ${id}`).text.replace(/\r/g, ''), 'for all'])
        deepEqual(await show({ browser: id }), [`browser ${id}`])
      }
      equal((await store.broadcasts())[0]?.seen, STRANGE.length)
    },
  },
  {
    name: "can do nothing to what is another's, whatever ids they know",
    async run({ store, take, show, newOwner, newBrowser }) {
      const [alice, bob] = [newOwner(), newOwner()]
      const browser = newBrowser()
      await store.post(alice, info('for Alice'))
      await store.post({ browser }, info('for her browser'))
      await store.post(bob, info('for Bob'))
      const ids = idsOf(await store.unread({ owner: alice, browser }, { limit: 10 }))
      await store.read({ owner: bob, browser: newBrowser() }, ids)
      for (const id of ids) equal(await store.dismiss(bob, id), false)
      const claim = await take({ owner: bob })
      await store.confirm(claim, ids)
      deepEqual(await show({ owner: bob }), ['for Bob'])
      deepEqual(await show({ owner: alice, browser }), ['for Alice', 'for her browser'])
    },
  },
]
