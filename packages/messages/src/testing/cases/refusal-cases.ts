import { deepEqual, equal, rejects } from 'node:assert/strict'
import { info, type NewMessage } from '../../message.ts'
import type { ContractCase } from '../trial.ts'

const REFUSED: readonly [what: string, field: string, message: object][] = [
  ['a text that says nothing', 'text', { text: ' \n ' }],
  ['a level that is no integer', 'level', { level: 2.5 }],
  ['a level below 0', 'level', { level: -1 }],
  ['tags that leave their attribute', 'extraTags', { extraTags: '"><script>' }],
  ['tags past their bound', 'extraTags', { extraTags: 'x'.repeat(201) }],
  ['an empty key', 'key', { key: '' }],
  ['a key past its bound', 'key', { key: 'x'.repeat(201) }],
  ['a key with a control character', 'key', { key: 'a\nb' }],
  ['a link that runs a script', 'href', { link: { href: 'javascript:alert(1)', text: 'x' } }],
  ['a link elsewhere that looks like a path', 'href', { link: { href: '//evil.example', text: 'x' } }],
  ['a link with a backslash', 'href', { link: { href: '/\\evil.example', text: 'x' } }],
  ['a link without a text', 'link.text', { link: { href: '/', text: '' } }],
  ['a job past its bound', 'job', { job: 'x'.repeat(201) }],
  ['a translation without a key', 'i18n.key', { i18n: { key: '' } }],
  ['a life of no time', 'expiresIn', { expiresIn: 0 }],
  ['data past their bound', 'data', { data: { x: 'x'.repeat(4096 - '{"x":""}'.length + 1) } }],
]

/** As much as fits. */
const AT_BOUNDS: Omit<NewMessage, 'level' | 'text'> = {
  extraTags: 'x'.repeat(200),
  key: 'x'.repeat(200),
  job: 'x'.repeat(200),
  link: { href: `/${'x'.repeat(1999)}`, text: 'x'.repeat(200) },
  data: { x: 'x'.repeat(4096 - '{"x":""}'.length) },
}

export const refusalCases: readonly ContractCase[] = [
  ...REFUSED.map(
    ([what, field, wrong]) =>
      ({
        name: `refuses ${what} by a TypeError that names ${field}, and writes nothing of the post`,
        async run({ store, newOwner }) {
          const owner = newOwner()
          const message = { level: 20, text: 'x', ...wrong }
          await rejects(store.post(owner, [info('good'), message, info('good')]), isTypeError(field))
          await rejects(store.broadcast(message), isTypeError(field))
          deepEqual([await store.inbox(owner), await store.broadcasts()], [[], []])
        },
      }) satisfies ContractCase,
  ),
  {
    name: 'takes each field at its bound',
    async run({ store, take, newOwner }) {
      const owner = newOwner()
      await store.post(owner, info('x', AT_BOUNDS))
      const { extraTags, key, job, link, data } = { ...(await take({ owner })).messages[0] }
      deepEqual({ extraTags, key, job, link, data }, AT_BOUNDS)
    },
  },
  {
    name: 'refuses an owner or a browser without an id, or with one past its bound',
    async run({ store, newOwner }) {
      for (const id of ['', 'x'.repeat(201)]) {
        await rejects(store.post(id, info('x')), TypeError)
        await rejects(store.post({ browser: id }, info('x')), TypeError)
      }
      const longest = newOwner().padEnd(200, 'x')
      await store.post(longest, info('x'))
      equal((await store.inbox(longest)).length, 1)
    },
  },
]

function isTypeError(field: string): (error: unknown) => boolean {
  return error => error instanceof TypeError && error.message.includes(field)
}
