import { deepEqual } from 'node:assert/strict'
import { info, success } from '../../message.ts'
import { type ContractCase, idsOf, textsOf } from '../trial.ts'

export const keyCases: readonly ContractCase[] = [
  {
    name: 'replace the unread message that has it, and move it to the end',
    async run({ store, show, inbox, newOwner }) {
      const owner = newOwner()
      await store.post(owner, [info('Import started.', { key: 'job:1' }), info('other')])
      await store.post(owner, success('Import done.', { key: 'job:1' }))
      deepEqual(await show({ owner }), ['other', 'Import done.'])
      deepEqual(await inbox(owner), [
        ['Import done.', false],
        ['other', false],
      ])
    },
  },
  {
    name: 'replace within one post, too',
    async run({ store, show, newOwner }) {
      const owner = newOwner()
      await store.post(owner, [info('1', { key: 'k' }), info('2'), info('3', { key: 'k' })])
      deepEqual(await show({ owner }), ['2', '3'])
    },
  },
  {
    name: 'leave alone what a page holds and what was shown',
    async run({ store, take, inbox, newOwner }) {
      const owner = newOwner()
      await store.post(owner, info('first', { key: 'k' }))
      const claim = await take({ owner })
      await store.post(owner, info('second', { key: 'k' }))
      await store.confirm(claim, idsOf(claim))
      await store.post(owner, info('third', { key: 'k' }))
      deepEqual(await inbox(owner), [
        ['third', true],
        ['first', false],
      ])
    },
  },
  {
    name: 'replace what a page gave back',
    async run({ store, take, show, newOwner }) {
      const owner = newOwner()
      await store.post(owner, info('first', { key: 'k' }))
      await store.release(await take({ owner }))
      await store.post(owner, info('second', { key: 'k' }))
      deepEqual(await show({ owner }), ['second'])
    },
  },
  {
    name: 'give back what a page held beside what has come since with the same key',
    async run({ store, take, show, newOwner }) {
      const owner = newOwner()
      await store.post(owner, info('held', { key: 'k' }))
      const claim = await take({ owner })
      await store.post(owner, info('new', { key: 'k' }))
      await store.release(claim)
      deepEqual(await show({ owner }), ['held', 'new'])
    },
  },
  {
    name: 'are taken as they are: no pattern, no beginning of another',
    async run({ store, show, newOwner }) {
      const owner = newOwner()
      const keys = ['job:1', 'job:12', 'JOB:1', 'job:%d', 'job:.', 'job:*', 'job', '1']
      await store.post(
        owner,
        keys.map(key => info(key, { key })),
      )
      await store.post(
        owner,
        keys.map(key => info(`new ${key}`, { key })),
      )
      deepEqual(
        await show({ owner }),
        keys.map(key => `new ${key}`),
      )
    },
  },
  {
    name: 'are those of one list: nothing of another owner or of a browser is replaced',
    async run({ store, take, show, newOwner, newBrowser }) {
      const [alice, bob, browser] = [newOwner(), newOwner(), newBrowser()]
      for (const to of [alice, bob, { browser }]) await store.post(to, info('old', { key: 'k' }))
      await store.post(bob, info('new', { key: 'k' }))
      deepEqual(textsOf(await take({ owner: alice, browser })), ['old', 'old'])
      deepEqual(await show({ owner: bob }), ['new'])
    },
  },
]
