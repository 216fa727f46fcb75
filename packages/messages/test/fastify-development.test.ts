import { describe, expect, it } from 'vitest'
import type { FastifyMessagesOptions } from '../src/fastify.ts'
import { info } from '../src/index.ts'
import { MemoryMessageStore } from '../src/memory-message-store.ts'
import { loggedIn, TEMPLATES, template, testApp } from './fastify-app.ts'

type Line = { level: number; msg: string; route?: string }

async function developing(options: Partial<FastifyMessagesOptions> = {}) {
  const log: Line[] = []
  const store = new MemoryMessageStore()
  const app = await testApp(
    { store, ...options },
    {
      log,
      routes: app => {
        const cached = (url: string, control: string, pugText: string) =>
          app.get(url, (_, reply) => reply.header('cache-control', control).view(template(pugText)))
        cached('/public', 'public', TEMPLATES.page)
        cached('/aged', 'max-age=60', TEMPLATES.page)
        cached('/shared', 's-maxage=1', TEMPLATES.page)
        cached('/careful', 'private, max-age=0', TEMPLATES.page)
        cached('/unlooked', 'public', TEMPLATES.blind)
        app.get('/own', (_, reply) => reply.type('text/html').send('<p>a page of another make</p>'))
        app.get('/api', async () => ({ ok: true }))
        app.get('/inbox', { config: { messages: false } }, (_, reply) =>
          reply.view(template(TEMPLATES.blind)),
        )
      },
    },
  )
  const alice = await loggedIn(app)
  const looks = async (url: string, times: number) => {
    for (let time = 0; time < times; time++) await alice.get(url)
  }
  return { log, store, alice, looks, waits: () => log.filter(({ msg }) => msg.startsWith('messages wait')) }
}

describe('in development', () => {
  it('a route that may be cached and shows messages is warned about once', async () => {
    const { log, looks } = await developing()
    for (const url of ['/public', '/aged', '/shared', '/careful', '/unlooked']) await looks(url, 2)
    expect(log.map(({ level, route }) => [level, route])).toEqual([
      [40, '/public'],
      [40, '/aged'],
      [40, '/shared'],
    ])
    expect(log[0]?.msg).toContain('it was sent as "private, no-store"')
  })

  it('it is said once when messages wait and pages print none', async () => {
    const { store, alice, looks, waits } = await developing()
    await store.post(alice.owner, info('waits'))
    await looks('/view/looks', 19)
    expect(waits()).toEqual([])
    await looks('/view/looks', 41)
    expect(waits()).toHaveLength(1)
  })

  it('it is said when pages are made by other means, and messages wait in the store', async () => {
    const { store, alice, looks, waits } = await developing()
    await looks('/own', 40)
    expect(waits()).toEqual([])
    await store.post(alice.owner, info('waits'))
    await looks('/own', 20)
    expect(waits()).toHaveLength(1)
  })

  it('it is said when requests add, and nothing shows', async () => {
    const { alice, waits } = await developing()
    for (let time = 0; time < 20; time++) await alice.post('/add?text=x')
    expect(waits()).toHaveLength(1)
  })

  it('nothing is said where messages are read now and then, or none wait', async () => {
    const { store, alice, looks, waits } = await developing()
    await looks('/view/page', 25)
    await looks('/api', 25)
    await store.post(alice.owner, info('waits'))
    await looks('/inbox', 25)
    for (let time = 0; time < 3; time++) {
      await looks('/view/looks', 15)
      await looks('/view/page', 1)
      await store.post(alice.owner, info('waits'))
    }
    expect(waits()).toEqual([])
  })
})

it('in production nothing is said', async () => {
  const { store, alice, looks, log } = await developing({ development: false })
  await store.post(alice.owner, info('waits'))
  await looks('/public', 1)
  await store.post(alice.owner, info('waits'))
  await looks('/view/looks', 25)
  expect(log).toEqual([])
})
