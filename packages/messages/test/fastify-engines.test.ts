import { join } from 'node:path'
import view, { type FastifyViewOptions } from '@fastify/view'
import ejs from 'ejs'
import fastify, { type FastifyInstance, type FastifyReply } from 'fastify'
import handlebars from 'handlebars'
import pug from 'pug'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type FastifyMessagesOptions, fastifyMessages } from '../src/fastify.ts'
import { error, info } from '../src/index.ts'
import { MemoryMessageStore } from '../src/memory-message-store.ts'

const store = new MemoryMessageStore()
let users = 0

async function appWith(views: FastifyViewOptions, options: Partial<FastifyMessagesOptions> = {}) {
  const owner = `user-${++users}`
  const app = fastify()
  onTestFinished(() => app.close())
  await app.register(view, { root: join(import.meta.dirname, 'views'), ...views })
  await app.register(fastifyMessages, { store, owner: () => owner, ...options })
  return { app, owner }
}

const pageOf = async (app: FastifyInstance, url = '/') => (await app.inject(url)).body.replaceAll('\n', '')

const ENGINES = [
  ['Pug', { pug }, 'page.pug'],
  ['EJS', { ejs }, 'page.ejs'],
  ['Handlebars', { handlebars }, 'page.hbs'],
] as const

describe.each(ENGINES)('%s', (_, engine, file) => {
  it('shows messages once, escaped, with tags and the levels', async () => {
    const { app, owner } = await appWith({ engine })
    app.get('/', (_, reply) => reply.view(file))
    await store.post(owner, [info('one', { extraTags: 'import' }), error('<b>two</b>')])
    expect(await pageOf(app)).toBe(
      '<ul class="messages"><li class="import info">one</li><li class="error">&lt;b&gt;two&lt;/b&gt;</li></ul><p>40</p>',
    )
    expect(await pageOf(app)).toBe('<p>40</p>')
  })

  it('shows them as well where a handler sends what viewAsync made', async () => {
    const { app, owner } = await appWith({ engine })
    app.get('/', async (_, reply) => reply.type('text/html').send(await reply.viewAsync(file)))
    await store.post(owner, info('one'))
    expect(await pageOf(app)).toContain('>one<')
    expect(await pageOf(app)).toBe('<p>40</p>')
  })

  it('shows them in views of another name', async () => {
    const { app, owner } = await appWith(
      { engine, propertyName: 'render', asyncPropertyName: 'rendered' },
      { views: ['render', 'rendered'] },
    )
    const render = (reply: FastifyReply) =>
      reply as unknown as Record<string, (file: string) => Promise<string>>
    app.get('/', (_, reply) => render(reply).render?.(file))
    app.get('/async', async (_, reply) => reply.type('text/html').send(await render(reply).rendered?.(file)))
    await store.post(owner, info('one'))
    expect(await pageOf(app)).toContain('>one<')
    await store.post(owner, info('two'))
    expect(await pageOf(app, '/async')).toContain('>two<')
  })
})

describe.each([
  ['EJS', { ejs }, 'ejs'],
  ['Handlebars', { handlebars }, 'hbs'],
])('a layout of %s', (_, engine, extension) => {
  it.each(['for all pages', 'for one page'])('%s shows messages once', async whose => {
    const layout = `layout.${extension}`
    const { app, owner } = await appWith(whose === 'for all pages' ? { engine, layout } : { engine })
    const options = whose === 'for all pages' ? undefined : { layout }
    app.get('/', (_, reply) => reply.view(`content.${extension}`, {}, options as never))
    await store.post(owner, [info('one'), info('two')])
    expect(await pageOf(app)).toBe('<main><li>one</li><li>two</li><h1>2</h1></main>')
    expect(await pageOf(app)).toBe('<main><h1>0</h1></main>')
  })
})

it('an application without views has messages all the same', async () => {
  const app = fastify()
  onTestFinished(() => app.close())
  await app.register(fastifyMessages, { store, owner: () => 'somebody' })
  app.get('/', async (request, reply) => {
    const messages = await request.messages.view()
    return reply.type('text/html').send(messages.map(({ text }) => text).join())
  })
  await store.post('somebody', info('one'))
  expect([await pageOf(app), await pageOf(app)]).toEqual(['one', ''])
})
