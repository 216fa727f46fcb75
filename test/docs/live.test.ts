import type { AddressInfo } from 'node:net'
import { info, MemoryMessageStore, type MessageStore } from '@tidings/messages'
import { liveMessages, readerMark } from '@tidings/messages/fastify'
import type { FastifyInstance } from 'fastify'
import { describe, expect, it, onTestFinished } from 'vitest'
import { addLiveMessages } from '../../docs/examples/live.ts'
import { confirmShown } from '../../docs/examples/live-client.ts'
import { addLiveMessages as addWithOptions } from '../../docs/examples/live-options.ts'
import { addMessages, siteWith } from './site.ts'

async function liveSite(
  store: MessageStore,
  addLive: (app: FastifyInstance, store: MessageStore) => Promise<void> = addLiveMessages,
) {
  const site = await siteWith(async app => {
    await addMessages(app, store)
    await addLive(app, store)
  })
  await site.login('ada')
  await site.app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = site.app.server.address() as AddressInfo
  const address = `http://127.0.0.1:${port}`

  /** Opens a stream; gives all that it has brought so far. */
  const open = async (path: string) => {
    const leaving = new AbortController()
    onTestFinished(() => leaving.abort())
    const headers = { cookie: site.cookie() }
    const { body } = await fetch(address + path, { headers, signal: leaving.signal })
    let brought = ''
    const read = async () => {
      for await (const bytes of body ?? []) brought += Buffer.from(bytes).toString()
    }
    void read().catch(() => {})
    return { brought: () => brought }
  }
  return { ...site, address, open }
}

describe('the examples of messages on open pages', () => {
  it('bring a message to a page, which says that it has shown it', async () => {
    const store = new MemoryMessageStore()
    const { send, cookie, open, address } = await liveSite(store)
    const page = await send({ url: '/live' })
    const [, token = ''] = /name="csrf-token" content="([^"]+)"/.exec(page.body) ?? []
    expect(page.body).toContain(`data-reader="${readerMark('ada')}"`)
    expect((await send({ url: '/live.js' })).body).toContain('export function startLiveMessages')

    const { brought } = await open('/messages/stream')
    await store.post('ada', info('Your export is ready.'))
    await expect.poll(brought).toContain('"text":"Your export is ready."')
    const ids = (await store.inbox('ada')).map(({ id }) => id)
    expect(await confirmShown(address, ids, { cookie: cookie() })).toBe('give up') // no token
    expect((await store.inbox('ada')).map(({ unread }) => unread)).toEqual([true])
    expect(await confirmShown(address, ids, { cookie: cookie(), 'x-csrf-token': token })).toBe('confirmed')
    expect((await store.inbox('ada')).map(({ unread }) => unread)).toEqual([false])
  })

  it('have paths, bounds, fields and a check of their own', async () => {
    const store = new MemoryMessageStore()
    const { cookie, open, address } = await liveSite(store, addWithOptions)
    await store.post('ada', info('Shipped.', { data: { order: '42' } }))
    const [first] = [await open('/live/stream'), await open('/live/stream')]
    await expect.poll(first.brought).toContain('"order":"42"')
    await open('/live/stream')
    await expect.poll(first.brought).toContain('event: retired')
    const confirm = (headers: Record<string, string>) =>
      fetch(`${address}/live/confirm`, {
        method: 'POST',
        headers: { cookie: cookie(), 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ ids: [] }),
      })
    expect((await confirm({})).status).toBe(403)
    expect((await confirm({ 'x-requested-by': 'live' })).status).toBe(204)
  })

  it('know each refusal', async () => {
    const store = new MemoryMessageStore()
    const away = Object.assign(Object.create(store), { read: () => Promise.reject(new Error('away')) })
    const { address, cookie, open, send } = await liveSite(away, async app => {
      await app.register(liveMessages, {
        store: away,
        owner: request => request.session.get('userId'),
        streamsPerProcess: 1,
      })
    })
    const own = { cookie: cookie() }
    expect(await confirmShown(address, ['1'], {})).toBe('log in')
    expect(await confirmShown(address, ['1'], own)).toBe('try later')
    expect(await confirmShown(address, [''], own)).toBe('give up')
    const answers = await Promise.all([
      send({ method: 'POST', url: '/messages/confirm', payload: {} }),
      send({ url: '/messages/stream', headers: { 'sec-fetch-site': 'cross-site' } }),
    ])
    expect(answers.map(answer => answer.json().code)).toEqual([
      'TIDINGS_LIVE_IDS_EXPECTED',
      'TIDINGS_LIVE_FOREIGN_SITE',
    ])
    await open('/messages/stream')
    const full = await send({ url: '/messages/stream' })
    expect([full.statusCode, full.json().code]).toEqual([503, 'TIDINGS_LIVE_TOO_MANY_STREAMS'])
  })
})
