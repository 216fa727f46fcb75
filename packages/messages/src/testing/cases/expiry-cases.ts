import { deepEqual } from 'node:assert/strict'
import { info } from '../../message.ts'
import type { ContractCase } from '../trial.ts'

const SHORT = 200
const LONG = 60 * 60 * 1000

export const expiryCases: readonly ContractCase[] = [
  {
    name: 'ends a message that nobody has seen; what lasts longer stays',
    async run(trial) {
      const { store, newOwner } = trial
      const owner = newOwner()
      await store.post(owner, [
        info('short', { expiresIn: SHORT }),
        info('long', { expiresIn: LONG }),
        info('for ever'),
      ])
      await trial.becomes(() => trial.unread({ owner }), ['long', 'for ever'])
      deepEqual(await trial.inbox(owner), [
        ['for ever', true],
        ['long', true],
      ])
      deepEqual(await trial.show({ owner }), ['long', 'for ever'])
    },
  },
  {
    name: 'ends a message that only waited for a browser',
    async run(trial) {
      const { store, newBrowser } = trial
      const browser = newBrowser()
      await store.post({ browser }, [info('short', { expiresIn: SHORT }), info('long')])
      await trial.becomes(() => trial.unread({ browser }), ['long'])
      deepEqual(await trial.show({ browser }), ['long'])
    },
  },
  {
    name: 'ends what a page held and gave back too late',
    async run(trial) {
      const { store, take, newOwner } = trial
      const owner = newOwner()
      await store.post(owner, [info('short', { expiresIn: SHORT }), info('long')])
      const claim = await take({ owner })
      await trial.passes(SHORT)
      await store.release(claim)
      deepEqual(await trial.show({ owner }), ['long'])
    },
  },
  {
    name: 'leaves the others in order, and says nothing was dropped',
    async run(trial) {
      const { store, take, newOwner } = trial
      const owner = newOwner()
      await store.post(owner, [info('1'), info('2', { expiresIn: SHORT }), info('3')])
      await trial.becomes(() => trial.unread({ owner }), ['1', '3'])
      const { messages, more, dropped } = await take({ owner }, 1)
      deepEqual([messages.length, more, dropped], [1, 1, 0])
    },
  },
  {
    name: 'is begun anew by the message that replaces one',
    async run(trial) {
      const { store, newOwner } = trial
      const owner = newOwner()
      await store.post(owner, [
        info('short', { expiresIn: SHORT, key: 'k' }),
        info('witness', { expiresIn: SHORT }),
      ])
      await store.post(owner, info('long', { key: 'k' }))
      await trial.becomes(() => trial.unread({ owner }), ['long'])
    },
  },
  {
    name: 'of a whole list: an inbox is kept for its ttl after the last message',
    bounds: { ttl: 1000 },
    async run(trial) {
      const { store, newOwner } = trial
      const owner = newOwner()
      await store.post(owner, info('one'))
      await trial.show({ owner })
      await trial.passes(600)
      await store.post(owner, info('two'))
      await trial.passes(600)
      deepEqual(await trial.inbox(owner), [
        ['two', true],
        ['one', false],
      ])
      await trial.becomes(() => trial.inbox(owner), [])
      await store.post(owner, info('three'))
      deepEqual(await trial.show({ owner }), ['three'])
    },
  },
]
