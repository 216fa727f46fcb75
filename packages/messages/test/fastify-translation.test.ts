import view from '@fastify/view'
import fastify, { type FastifyInstance } from 'fastify'
import pug from 'pug'
import { describe, expect, it, onTestFinished } from 'vitest'
import { addMessages, tellOfImport } from '../../../docs/examples/i18n.ts'
import type { FastifyMessagesOptions } from '../src/fastify.ts'
import { info, type MessageStore, type NewMessage } from '../src/index.ts'
import { MemoryMessageStore } from '../src/memory-message-store.ts'
import { loggedIn, TEMPLATES, template, testApp } from './fastify-app.ts'

const store = new MemoryMessageStore()
const greeting = info('Hello.', { i18n: { key: 'greeting', params: { name: '<b>Ann</b>' } } })

async function textsWith(
  translate: FastifyMessagesOptions['translate'],
  messages: NewMessage | NewMessage[] = greeting,
  log: { level: number; msg: string }[] = [],
) {
  const app = await testApp({ store, translate }, { log })
  const alice = await loggedIn(app)
  await store.post(alice.owner, messages)
  return alice.texts()
}

describe('translate', () => {
  it('says a message in the language of the request that shows it, escaped by the template', async () => {
    const texts = await textsWith(
      ({ i18n }, request) => `${i18n?.params?.name} (${i18n?.key}) ${request.url}`,
    )
    expect(texts).toEqual(['&lt;b&gt;Ann&lt;/b&gt; (greeting) /view/page'])
  })

  it('is asked only about messages that have a key', async () => {
    expect(await textsWith(() => 'translated', [info('as it is'), greeting])).toEqual([
      'as it is',
      'translated',
    ])
  })

  it.each<[string, () => unknown, string[]]>([
    ['knows nothing', () => undefined, []],
    [
      'throws',
      () => {
        throw new Error('no catalogue')
      },
      ['a message could not be translated'],
    ],
    ['answers nothing', () => ' ', ['a translation of a message is no text']],
    ['answers nonsense', () => ({ text: 'x' }), ['a translation of a message is no text']],
    ['answers later', async () => 'too late', ['a translation of a message is no text']],
  ])('that %s leaves the text that was posted', async (_, translate, said) => {
    const log: { level: number; msg: string }[] = []
    expect(await textsWith(translate as () => string, greeting, log)).toEqual(['Hello.'])
    expect(log.map(({ msg }) => msg)).toEqual(said)
  })

  it('decides what is equal: the same words are counted', async () => {
    const app = await testApp({ store, translate: () => 'Hallo.' })
    const alice = await loggedIn(app)
    await store.post(alice.owner, [greeting, info('Good day.', { i18n: { key: 'day' } })])
    expect(await alice.texts('/view/counted')).toEqual(['Hallo. × 2'])
  })

  it('serves an inbox as well', async () => {
    const levelTags = { 20: 'notice' }
    const app = await testApp(
      { store, levelTags, translate: ({ i18n }) => `${i18n?.key} in German` },
      {
        routes: app =>
          app.get('/inbox', async request => {
            const messages = await store.inbox(String(request.session.get('userId')))
            return messages.map(message => request.messages.asShown(message))
          }),
      },
    )
    const alice = await loggedIn(app)
    await store.post(alice.owner, greeting)
    expect((await alice.get('/inbox')).json()).toMatchObject([
      { text: 'greeting in German', tags: 'notice', levelTag: 'notice', unread: true },
    ])
  })
})

describe('the example with i18next', () => {
  async function appIn(language: string, on: MessageStore): Promise<FastifyInstance> {
    const app = fastify()
    onTestFinished(() => app.close())
    await app.register(view, { engine: { pug } })
    await addMessages(app, on, { owner: () => 'ann', language: () => language })
    app.get('/', (_, reply) => reply.view(template(TEMPLATES.page)))
    return app
  }

  it.each([
    ['de', ['1 Beitrag importiert.', '3 Beiträge importiert.', 'Not known.']],
    ['fr', ['Imported 1 post.', 'Imported 3 posts.', 'Not known.']],
  ])('speaks %s', async (language, expected) => {
    const on = new MemoryMessageStore()
    await tellOfImport(on, 'ann', 1)
    await tellOfImport(on, 'ann', 3)
    await on.post('ann', info('Not known.', { i18n: { key: 'not.known' } }))
    const { body } = await (await appIn(language, on)).inject('/')
    expect([...body.matchAll(/<li[^>]*>(.*?)<\/li>/g)].map(([, text]) => text)).toEqual(expected)
  })
})
