import { deepEqual, equal, ok } from 'node:assert/strict'
import { error, info, warning } from '../../message.ts'
import { type ContractCase, idsOf, textsOf } from '../trial.ts'

export const postingCases: readonly ContractCase[] = [
  {
    name: 'keeps all that a message says, and adds its tags',
    async run({ store, take, newOwner }) {
      const owner = newOwner()
      const said = {
        level: 40,
        text: 'Failed.',
        extraTags: 'import big',
        key: 'import:42',
        link: { href: '/jobs/42?tab=rows#7', text: 'Look' },
        job: '42',
        i18n: { key: 'import.failed', params: { rows: 3, name: 'März' } },
        data: { rows: 3, names: ['a', { b: null }] },
      }
      await store.post(owner, said)
      for (const [message] of [(await take({ owner })).messages, await store.inbox(owner)]) {
        const { id, time, levelTag, tags, ...rest } = { unread: undefined, ...message }
        const { unread: _, ...kept } = rest
        deepEqual(kept, said)
        deepEqual([levelTag, tags], ['error', 'import big error'])
        ok(typeof id === 'string' && id !== '', 'expected an id')
        ok(time instanceof Date && !Number.isNaN(time.getTime()), 'expected the time of the message')
      }
    },
  },
  {
    name: 'gives a level of the application no tag of its own',
    async run({ store, take, newOwner }) {
      const owner = newOwner()
      await store.post(owner, [
        { level: 42, text: 'x', extraTags: 'mine' },
        { level: 42, text: 'y' },
      ])
      const { messages } = await take({ owner })
      deepEqual(
        messages.map(({ level, levelTag, tags }) => [level, levelTag, tags]),
        [
          [42, '', 'mine'],
          [42, '', ''],
        ],
      )
    },
  },
  {
    name: 'keeps a text as it is, whatever is in it',
    async run({ store, show, newOwner }) {
      const owner = newOwner()
      const texts = [
        'a|b||c',
        '{"level":10}',
        '<b>&amp;</b>',
        '100 %s',
        'line\nline\ttab',
        '🎉 é \u2028',
        "';--",
        ' x ',
      ]
      await store.post(
        owner,
        texts.map(text => info(text)),
      )
      deepEqual(await show({ owner }), texts)
    },
  },
  {
    name: 'keeps the order of several messages in one post and of posts one after the other',
    async run({ store, show, newOwner }) {
      const owner = newOwner()
      await store.post(owner, [info('one'), error('two'), info('three')])
      await store.post(owner, warning('four'))
      deepEqual(await show({ owner }), ['one', 'two', 'three', 'four'])
    },
  },
  {
    name: 'keeps equal messages apart',
    async run({ store, show, newOwner }) {
      const owner = newOwner()
      await store.post(owner, [info('same'), info('same')])
      await store.post(owner, info('same'))
      deepEqual(await show({ owner }), ['same', 'same', 'same'])
    },
  },
  {
    name: 'gives each message an id that nothing else has, and that sorts as they were posted',
    async run({ store, take, newOwner }) {
      const [alice, bob] = [newOwner(), newOwner()]
      for (let i = 0; i < 10; i++) {
        await store.post(alice, [info(`${i}a`), info(`${i}b`)])
        await store.post(bob, info(`${i}`))
      }
      const ids = idsOf(await take({ owner: alice }, Infinity))
      deepEqual([...ids].sort(), ids)
      equal(new Set([...ids, ...idsOf(await take({ owner: bob }))]).size, 30)
    },
  },
  {
    name: 'writes nothing for an empty list of messages',
    async run({ store, newOwner }) {
      const owner = newOwner()
      await store.post(owner, [])
      equal(await store.claim({ owner }, { limit: 10 }), undefined)
    },
  },
  {
    name: 'is not changed by what the poster or a page does to its objects',
    async run({ store, take, newOwner }) {
      const owner = newOwner()
      const data = { list: ['posted'] }
      await store.post(owner, { level: 20, text: 'x', data })
      data.list.push('changed')
      const taken = (await take({ owner })).messages[0]?.data?.list
      if (Array.isArray(taken)) taken.push('changed')
      deepEqual((await store.inbox(owner))[0]?.data, { list: ['posted'] })
    },
  },
  {
    name: 'cuts a text that is too long at a whole character, and leaves the longest alone',
    async run({ store, take, newOwner }) {
      const owner = newOwner()
      await store.post(owner, [info('🎉'.repeat(2001)), info('🎉'.repeat(2000))])
      deepEqual(textsOf(await take({ owner })), [`${'🎉'.repeat(1999)}…`, '🎉'.repeat(2000)])
    },
  },
  {
    name: 'takes out control characters and halves of characters',
    async run({ store, show, newOwner }) {
      const owner = newOwner()
      await store.post(owner, info('a\u0000b\u001b[31mc\r\nd\ud800e'))
      deepEqual(await show({ owner }), ['ab[31mc\nd\ufffde'])
    },
  },
]
