import fastify, { type FastifyRequest } from 'fastify'
import { describe, expect, it } from 'vitest'
import { type FastifyMessagesOptions, fastifyMessages, MessageFailure } from '../src/fastify.ts'
import { error, info, LEVELS, tagsOf } from '../src/index.ts'
import { MemoryMessageStore } from '../src/memory-message-store.ts'
import { browser, loggedIn, TEMPLATES, template, testApp } from './fastify-app.ts'

const store = new MemoryMessageStore()

/** An application that runs this on a POST, and what its next page shows: text and classes. */
async function afterPosting(
  post: (request: FastifyRequest) => unknown,
  options: Partial<FastifyMessagesOptions> = {},
): Promise<[classes: string | undefined, text: string | undefined][]> {
  const app = await testApp(
    { store, ...options },
    {
      routes: app =>
        app.post('/', async (request, reply) => {
          await post(request)
          return reply.redirect('/view/page', 303)
        }),
    },
  )
  const alice = await loggedIn(app)
  const { statusCode, body } = await alice.post('/')
  if (statusCode !== 303) throw new Error(body)
  const page = await alice.get('/view/page')
  return [...page.body.matchAll(/<li(?: class="(.*?)")?[^>]*>(.*?)<\/li>/g)].map(([, tags, text]) => [
    tags,
    text,
  ])
}

describe('the level of a message', () => {
  it('may be a number between the five, or a name in either case', async () => {
    const shown = await afterPosting(({ messages }) => {
      messages.add(27, 'between')
      messages.add('WARNING', 'by name')
      messages.add('error', 'by a small name')
    })
    expect(shown).toEqual([
      [undefined, 'between'],
      ['warning', 'by name'],
      ['error', 'by a small name'],
    ])
  })

  it.each([['TRACE'], ['constructor'], [2.5], [Number.NaN], [undefined]])('can not be %s', async level => {
    const add = ({ messages }: FastifyRequest) => messages.add(level as never, 'x')
    await expect(afterPosting(add)).rejects.toThrow(
      'integer or one of DEBUG, INFO, SUCCESS, WARNING, ERROR; got',
    )
  })

  it('may have a name of the application, which is its tag', async () => {
    const add = ({ messages }: FastifyRequest) =>
      messages.add('notice', 'so you know', { extraTags: 'small' })
    expect(await afterPosting(add, { levels: { NOTICE: 22 } })).toEqual([['small notice', 'so you know']])
  })
})

it('a message without a text is none', async () => {
  const shown = await afterPosting(({ messages }) => {
    for (const text of ['', ' \n', undefined, null]) messages.info(text as string)
    expect(messages.added).toBe(0)
  })
  expect(shown).toEqual([])
})

describe('levelTags', () => {
  it('replaces the tags of levels, on pages and for whoever asks the request', async () => {
    const levelTags = { [LEVELS.ERROR]: 'danger', [LEVELS.INFO]: '', 27: 'odd' }
    const app = await testApp({ store, levelTags })
    const alice = await loggedIn(app)
    await store.post(alice.owner, [
      error('one'),
      info('two', { extraTags: 'import' }),
      info('three'),
      { level: 27, text: 'four' },
    ])
    const { body } = await alice.get('/view/page')
    expect([...body.matchAll(/<li(?: class="(.*?)")?/g)].map(([, tags]) => tags)).toEqual([
      'danger',
      'import',
      undefined,
      'odd',
    ])
  })

  it('leaves what has no application as it was', () => {
    expect(tagsOf({ level: LEVELS.ERROR, extraTags: 'a b' })).toBe('a b error')
  })
})

describe('the minimum level', () => {
  const addAll = ({ messages }: FastifyRequest) => {
    for (const level of [10, 20, 25, 29, 30, 40]) messages.add(level, `${level}`)
  }
  const texts = async (...args: Parameters<typeof afterPosting>) =>
    (await afterPosting(...args)).map(([, text]) => text)

  it('is INFO, or what the plugin is told, as a number or a name', async () => {
    expect(await texts(addAll)).toEqual(['20', '25', '29', '30', '40'])
    expect(await texts(addAll, { level: 29 })).toEqual(['29', '30', '40'])
    expect(await texts(addAll, { level: 'ERROR' })).toEqual(['40'])
  })

  it('can be another for one request, and again that of the plugin', async () => {
    const options = { level: LEVELS.WARNING }
    const shown = await texts(request => {
      request.messages.level = LEVELS.DEBUG
      request.messages.debug('low')
      request.messages.level = 'error'
      request.messages.warning('too low now')
      request.messages.level = undefined
      request.messages.info('too low again')
      request.messages.level = 5
      request.messages.level = null
      request.messages.warning(`back at ${request.messages.level}`)
    }, options)
    expect(shown).toEqual(['low', 'back at 30'])
  })
})

it('every view has the numbers of the levels by name', async () => {
  const app = await testApp({ store, levels: { NOTICE: 22 } })
  expect(await browser(app).texts('/view/levels')).toEqual([
    'DEBUG 10',
    'INFO 20',
    'SUCCESS 25',
    'WARNING 30',
    'ERROR 40',
    'NOTICE 22',
  ])
})

it('levels of another kind, which a handler gives its views, stay', async () => {
  const app = await testApp(
    { store },
    {
      routes: app =>
        app.get('/game', (_, reply) => {
          Object.assign(reply, { locals: { levels: { CAVE: 1 } } })
          return reply.view(template(TEMPLATES.levels))
        }),
    },
  )
  expect(await browser(app).texts('/game')).toEqual(['CAVE 1'])
})

describe('where nobody is logged in and there is no session', () => {
  async function answerTo(post: (request: FastifyRequest) => void) {
    const app = fastify()
    await app.register(fastifyMessages, { store, owner: () => undefined })
    app.post('/', async request => {
      post(request)
      return 'done'
    })
    return app.inject({ method: 'POST', url: '/' })
  }

  it('adding fails with an error that says what to do', async () => {
    let failure: unknown
    await answerTo(({ messages }) => {
      try {
        messages.info('to nobody')
      } catch (err) {
        failure = err
      }
    })
    expect(failure).toBeInstanceOf(MessageFailure)
    expect(failure).toMatchObject({
      name: 'MessageFailure',
      code: 'TIDINGS_NOBODY_TO_SHOW',
      message: expect.stringMatching(
        /register @fastify\/session before the messages plugin, or log in first/,
      ),
    })
  })

  it('failSilently hides that', async () => {
    const { body } = await answerTo(({ messages }) => {
      messages.info('to nobody', { failSilently: true })
      expect(messages.added).toBe(0)
    })
    expect(body).toBe('done')
  })

  it('failSilently hides nothing else', async () => {
    const { body } = await answerTo(({ messages }) => {
      messages.info('x', { failSilently: true, link: { href: 'javascript:alert(1)', text: 'here' } })
    })
    expect(body).toContain('link.href')
  })
})

describe('options that the plugin refuses', () => {
  it.each([
    ['another number for a name of Django', { levels: { INFO: 21 } }, /INFO is 20/],
    ['a level that is no integer', { levels: { NOTICE: 2.5 } }, /levels\.NOTICE/],
    ['a tag that would end the attribute', { levelTags: { 20: 'info" onclick="' } }, /levelTags/],
    ['tags by name', { levelTags: { INFO: 'notice' } }, /levelTags/],
    ['a level that nobody knows', { level: 'TRACE' }, /TRACE/],
    ['no time at all', { timeout: 0 }, /timeout/],
    ['a translator that is none', { translate: 'de' }, /translate/],
    ['views that are no list', { views: 'view' }, /views/],
  ])('%s', async (_, options, message) => {
    await expect(testApp({ store, ...options } as never)).rejects.toThrow(message)
  })
})
