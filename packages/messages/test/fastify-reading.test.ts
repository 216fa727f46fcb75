import type { FastifyReply, FastifyRequest } from 'fastify'
import { describe, expect, it } from 'vitest'
import { info, type MessageStore, success } from '../src/index.ts'
import { MemoryMessageStore } from '../src/memory-message-store.ts'
import { loggedIn, TEMPLATES, template, testApp } from './fastify-app.ts'

const store = new MemoryMessageStore()
const texts = (messages: Iterable<{ text: string }>) => [...messages].map(({ text }) => text)

/** Runs this as a page for somebody for whom `waiting` waits: what it answered, and what the next page shows. */
async function onPage(
  waiting: string[],
  handle: (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>,
  { limit = 10, on = store }: { limit?: number; on?: MessageStore } = {},
) {
  let answer: unknown
  const app = await testApp(
    { store: on, limit },
    {
      routes: app =>
        app.get('/', async (request, reply) => {
          answer = await handle(request, reply)
          return reply.sent ? reply : reply.type('text/html').send('<p>a page</p>')
        }),
    },
  )
  const alice = await loggedIn(app)
  if (waiting.length > 0)
    await on.post(
      alice.owner,
      waiting.map(text => info(text)),
    )
  const { statusCode, body } = await alice.get('/')
  if (statusCode !== 200) throw new Error(body)
  return { answer, body, next: await alice.texts() }
}

describe('what a handler reads of its page', () => {
  it('is consumed when it was read, by whatever means the page is made', async () => {
    const { answer, next } = await onPage(['one', 'two'], async ({ messages }) =>
      texts(await messages.view()),
    )
    expect(answer).toEqual(['one', 'two'])
    expect(next).toEqual([])
  })

  it('is the same each time', async () => {
    const { answer } = await onPage(['one'], async ({ messages }, reply) => {
      const first = texts(await messages.view())
      const html = await reply.viewAsync(template(TEMPLATES.page))
      return [first, texts(await messages.view()), html.includes('>one<')]
    })
    expect(answer).toEqual([['one'], ['one'], true])
  })

  it('is not consumed by looking at all but the text', async () => {
    const { answer, next } = await onPage(['one'], async ({ messages }) => {
      const view = await messages.view()
      return [
        view.length,
        view.more,
        view.dropped,
        view.delayed,
        view[0]?.levelTag,
        view.find(() => false),
        messages.shown,
      ]
    })
    expect(answer).toEqual([1, 0, 0, false, 'info', undefined, 0])
    expect(next).toEqual(['one'])
  })

  it('has what this request added before, and not what it adds after', async () => {
    const { answer, next } = await onPage(['waited'], async ({ messages }) => {
      messages.success('added before')
      const shown = texts(await messages.view())
      messages.success('added after')
      return shown
    })
    expect(answer).toEqual(['waited', 'added before'])
    expect(next).toEqual(['added after'])
  })

  it('has what was added meanwhile when it is asked again', async () => {
    const { body, next } = await onPage(['waited'], async ({ messages }, reply) => {
      texts(await messages.view())
      messages.success('added in between')
      return reply.view(template(TEMPLATES.page))
    })
    expect(body).toMatch(/>waited<.*>added in between</)
    expect(next).toEqual([])
  })

  it('keeps to the limit when it is asked again', async () => {
    const look = async ({ messages }: FastifyRequest) => {
      await messages.view()
      messages.success('added in between')
      const view = await messages.view()
      return [texts(view), view.more]
    }
    const { answer, next } = await onPage(['one', 'two'], look, { limit: 2 })
    expect(answer).toEqual([['one', 'two'], 1])
    expect(next).toEqual(['added in between'])
  })

  it('takes one claim for two templates that are rendered at once', async () => {
    const counted = new MemoryMessageStore()
    let claims = 0
    const claim = counted.claim.bind(counted)
    counted.claim = (...args) => {
      claims++
      return claim(...args)
    }
    await onPage(
      ['one'],
      async (_, reply) => Promise.all([1, 2].map(() => reply.viewAsync(template(TEMPLATES.page)))),
      {
        on: counted,
      },
    )
    expect(claims).toBe(2) // this page's, and the next page's
  })
})

describe('keep()', () => {
  it('leaves unread what the page showed, said before or after the rendering', async () => {
    const before = await onPage(['one'], async ({ messages }, reply) => {
      messages.keep()
      return reply.view(template(TEMPLATES.page))
    })
    expect([before.body.includes('>one<'), before.next]).toEqual([true, ['one']])
    const after = await onPage(['one'], async ({ messages }, reply) => {
      const html = await reply.viewAsync(template(TEMPLATES.page))
      messages.keep()
      return reply.type('text/html').send(html)
    })
    expect([after.body.includes('>one<'), after.next]).toEqual([true, ['one']])
  })

  it('keeps also what the same request added', async () => {
    const { next } = await onPage([], async ({ messages }, reply) => {
      messages.info('added and shown')
      messages.keep()
      return reply.view(template(TEMPLATES.page))
    })
    expect(next).toEqual(['added and shown'])
  })
})

describe('equal messages in a row', () => {
  const rows = [success('Saved.'), success('Saved.'), success('Saved.'), info('Saved.'), success('Saved.')]

  it('are one on the page, with a count, and all of them are read', async () => {
    const app = await testApp({ store })
    const alice = await loggedIn(app)
    await store.post(alice.owner, rows)
    expect(await alice.texts('/view/counted')).toEqual(['Saved. × 3', 'Saved. × 1', 'Saved. × 1'])
    expect((await store.inbox(alice.owner)).filter(({ unread }) => unread)).toEqual([])
  })

  it('are each by themselves for a handler, and in the store', async () => {
    const { answer } = await onPage(['a', 'a', 'b'], async ({ messages }) =>
      (await messages.view()).map(({ text, count, ids }) => [text, count, ids.length]),
    )
    expect(answer).toEqual([
      ['a', 1, 1],
      ['a', 1, 1],
      ['b', 1, 1],
    ])
  })

  it.each([
    [
      'link',
      [info('x', { link: { href: '/a', text: 'a' } }), info('x', { link: { href: '/b', text: 'a' } })],
    ],
    ['extra tags', [info('x', { extraTags: 'a' }), info('x')]],
    ['data', [info('x', { data: { n: 1 } }), info('x', { data: { n: 2 } })]],
    ['job', [info('x', { job: '1' }), info('x', { job: '2' })]],
  ])('are not equal with another %s', async (_, two) => {
    const app = await testApp({ store })
    const alice = await loggedIn(app)
    await store.post(alice.owner, two)
    expect(await alice.texts('/view/counted')).toEqual(['x × 1', 'x × 1'])
  })

  it('stay unread together where their text was not read', async () => {
    const app = await testApp({ store })
    const alice = await loggedIn(app)
    await store.post(alice.owner, rows)
    await alice.get('/view/errorsOnly')
    expect(await alice.texts('/view/counted')).toHaveLength(3)
  })
})

it('what a page does not show is empty, not missing', async () => {
  const app = await testApp(
    { store },
    {
      routes: app => {
        app.get('/error', (_, reply) => reply.code(500).view(template(TEMPLATES.looks)))
        app.get('/levels', { config: { messages: false } }, (_, reply) =>
          reply.view(template(TEMPLATES.levels)),
        )
        app.setNotFoundHandler((_, reply) => reply.code(404).view(template(TEMPLATES.looks)))
      },
    },
  )
  const alice = await loggedIn(app)
  await store.post(alice.owner, info('waits'))
  expect((await alice.get('/error')).body).toBe('<p>0 messages</p>')
  expect((await alice.get('/nowhere')).body).toBe('<p>0 messages</p>')
  expect(await alice.texts('/levels')).toHaveLength(5)
  expect((await app.inject('/view/looks')).body).toBe('<p>0 messages</p>')
  expect(await alice.texts()).toEqual(['waits'])
})
