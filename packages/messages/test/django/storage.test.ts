import { inspect } from 'node:util'
import type { FastifyInstance } from 'fastify'
import { describe, expect, it } from 'vitest'
import { debug, error, info, LEVELS, success, warning } from '../../src/index.ts'
import { assertMessages } from '../../src/testing.ts'
import { TEMPLATES, template } from '../fastify-app.ts'
import { stores, textsOf, visit } from './visit.ts'

// What Django asserts of each of its storages, for each of ours. A storage is here the store with the plugin before it.
describe.each(stores())('Django of a storage: %s', (_, make) => {
  it('C1: inspecting it names its class, and tells nothing that waits', async () => {
    const { during } = await visit(make())
    await during(messages => {
      messages.info('secret')
      expect(inspect(messages)).toMatch(/^RequestMessages\b/)
      expect(inspect(messages, { depth: 10, showHidden: true })).not.toContain('secret')
    })
  })

  it('C2: nothing has been added to a fresh one', async () => {
    const { during } = await visit(make())
    expect(await during(messages => messages.added)).toBe(0)
  })

  it('C3: after adding, something has been', async () => {
    const { during } = await visit(make())
    const added = await during(messages => {
      messages.info('A message.')
      return messages.added
    })
    expect(added).toBe(1)
  })

  it('C4: two messages, one with extra tags, are two', async () => {
    const { during } = await visit(make())
    const view = await during(messages => {
      messages.info('One.')
      messages.info('Two.', { extraTags: 'tag' })
      return messages.view()
    })
    expect(view).toHaveLength(2)
  })

  it('C5: adding where messages wait already is adding', async () => {
    const { during, store, owner } = await visit(make())
    await store.post(owner, [info('One.'), info('Two.')])
    const added = await during(messages => {
      messages.info('Three.')
      return messages.added
    })
    expect(added).toBe(1)
  })

  it('C6: a message that is translated when it is shown is stored as one message', async () => {
    const { during, next } = await visit(make(), { translate: ({ i18n }) => `Hallo (${i18n?.key})` })
    await during(messages => messages.info('Hello.', { i18n: { key: 'greeting' } }))
    expect(await next()).toEqual(['Hallo (greeting)'])
  })

  it('C7: a request that adds nothing stores nothing', async () => {
    const { during, next } = await visit(make())
    await during(() => {})
    expect(await next()).toEqual([])
  })

  it('C8: the same text twice, once with a tag, is stored twice', async () => {
    const { during, user } = await visit(make())
    await during(messages => {
      messages.info('The same.')
      messages.info('The same.', { extraTags: 'tag' })
    })
    const { body } = await user.get('/view/page')
    expect(body).toMatch(/<li class="info"[^>]*>The same\.<\/li><li class="tag info"[^>]*>The same\.<\/li>/)
  })

  it('C9: what waits, what is added and then a look leave nothing', async () => {
    const { during, next, store, owner } = await visit(make())
    await store.post(owner, [info('One.'), info('Two.')])
    const shown = await during(async messages => {
      messages.info('Three.')
      return textsOf(await messages.view())
    })
    expect(shown).toEqual(['One.', 'Two.', 'Three.'])
    expect(await next()).toEqual([])
  })

  it('C10: what waits, a look and then what is added leave what was added', async () => {
    const { during, next, store, owner } = await visit(make())
    await store.post(owner, [info('One.'), info('Two.')])
    const shown = await during(async messages => {
      const read = textsOf(await messages.view())
      messages.info('Three.')
      return read
    })
    expect(shown).toEqual(['One.', 'Two.'])
    expect(await next()).toEqual(['Three.'])
  })

  it('C11, C12: nothing has been used before it is read, and then it has', async () => {
    const { during, store, owner } = await visit(make())
    await store.post(owner, [info('One.'), info('Two.')])
    const shown = await during(async messages => {
      const view = await messages.view()
      const before = messages.shown
      textsOf(view)
      return [before, messages.shown]
    })
    expect(shown).toEqual([0, 2])
  })

  it('C13: reading twice in a request gives the same list', async () => {
    const { during, store, owner } = await visit(make())
    await store.post(owner, [info('One.'), info('Two.')])
    const [first, second] = await during(async messages => {
      const view = await messages.view()
      return [[textsOf(view), textsOf(view)], textsOf(await messages.view())]
    })
    expect(first).toEqual([second, second])
  })

  const TEXTS = ['First.', 'Second.', 'Third.', 'Fourth.', 'Fifth.']
  const SHORTCUTS = ['debug', 'info', 'success', 'warning', 'error'] as const

  function cycle(app: FastifyInstance) {
    app.post<{ Params: { level: (typeof SHORTCUTS)[number] } }>('/add/:level', async (request, reply) => {
      for (const text of TEXTS) request.messages[request.params.level](text)
      return reply.redirect('/view/page', 303)
    })
    app.get('/later', async (_, reply) => {
      const html = await reply.viewAsync(template(TEMPLATES.page))
      return reply.type('text/html').send(html)
    })
    app.get('/context', async (request, reply) => {
      const seen = [...(await request.messages.view())].map(({ level, text }) => ({ level, text }))
      return reply.header('x-seen', JSON.stringify(seen)).type('text/html').send('<p>a page</p>')
    })
  }

  it.each([
    ['C14', debug],
    ['C15', info],
    ['C16', success],
    ['C17', warning],
    ['C18', error],
  ])(
    '%s, C19, C20: what a POST adds is on the page that it leads to, in order and level',
    async (number, make_) => {
      const shortcut = SHORTCUTS[Number(number.slice(1)) - 14]
      const { user } = await visit(make(), { level: LEVELS.DEBUG }, cycle)
      await user.post(`/add/${shortcut}`)
      const { headers } = await user.get('/context')
      assertMessages(
        JSON.parse(String(headers['x-seen'])),
        TEXTS.map(text => make_(text)),
      )
      const { headers: redirect } = await user.post(`/add/${shortcut}`)
      const { body } = await user.get(String(redirect.location))
      expect(TEXTS.filter(text => !body.includes(`>${text}<`))).toEqual([])
    },
  )

  it('C21: the same through a page that is rendered first and sent later', async () => {
    const { user } = await visit(make(), {}, cycle)
    await user.post('/add/success')
    const { body } = await user.get('/later')
    expect(TEXTS.filter(text => !body.includes(`>${text}<`))).toEqual([])
  })

  it('C22: a second page shows none of them', async () => {
    const { user } = await visit(make(), {}, cycle)
    await user.post('/add/success')
    await user.get('/later')
    const { body } = await user.get('/later')
    expect(TEXTS.filter(text => body.includes(text))).toEqual([])
  })

  it('C23: a view has the levels by name', async () => {
    const { user } = await visit(make())
    expect(await user.texts('/view/levels')).toEqual(Object.entries(LEVELS).map(level => level.join(' ')))
  })

  it('C24: what five POSTs add before a page is on it, all of it and in order', async () => {
    const { user } = await visit(make(), { limit: Infinity }, cycle)
    for (let time = 0; time < 5; time++) await user.post('/add/info')
    expect(await user.texts()).toEqual([TEXTS, TEXTS, TEXTS, TEXTS, TEXTS].flat())
  })

  it('C40: what is stored is read in order', async () => {
    const { next, store, owner } = await visit(make())
    await store.post(owner, info('One.'))
    await store.post(owner, [info('Two.'), info('Three.')])
    expect(await next()).toEqual(['One.', 'Two.', 'Three.'])
  })
})
