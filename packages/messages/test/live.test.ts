import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import fastify, { type FastifyInstance } from 'fastify'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { testRedis } from '../../../test/redis.ts'
import { error, info, type MessageStore, RedisMessageStore } from '../src/index.ts'
import { liveMessages } from '../src/live.ts'
import { readerMark } from '../src/live-reader.ts'
import { type OpenStream, startLiveApp, Visitor } from './live-app.ts'

declare module 'fastify' {
  interface Session {
    userId?: string
  }
}

const { redis, prefix } = testRedis()
const store = new RedisMessageStore({ redis, prefix })

let app: FastifyInstance
let address: string
beforeAll(async () => {
  ;({ app, address } = await startLiveApp({ store }))
})
afterAll(() => app.close())

let users = 0
const newOwner = () => `user-${++users}`

/** Somebody who is logged in, on the shared application or another one. */
async function loggedIn(at = address, owner = newOwner()) {
  return { owner, visitor: await new Visitor(at).login(owner) }
}

const come = (stream: OpenStream, texts: string[]) => expect.poll(() => stream.texts).toEqual(texts)

/** Waits until a stream has looked into the store at least once more after now: a message of its own goes through it. */
async function goneThrough(stream: OpenStream, owner: string): Promise<void> {
  const text = `marker ${Math.random()}`
  await store.post(owner, info(text))
  await expect.poll(() => stream.texts).toContain(text)
}

describe('a stream', () => {
  it('brings a message within a second of its post, with all that a page needs', async () => {
    const { owner, visitor } = await loggedIn()
    const stream = await visitor.stream()
    await goneThrough(stream, owner)
    await store.post(
      owner,
      error('The import failed.', { extraTags: 'import', link: { href: '/jobs/1', text: 'Look' } }),
    )
    const posted = Date.now()
    await expect.poll(() => stream.texts, { timeout: 1000, interval: 5 }).toContain('The import failed.')
    expect(Date.now() - posted).toBeLessThan(1000)
    const [message] = stream.messages.slice(-1)
    expect(message).toEqual({
      id: expect.stringMatching(/^\d{16}/),
      text: 'The import failed.',
      level: 40,
      levelTag: 'error',
      tags: 'import error',
      link: { href: '/jobs/1', text: 'Look' },
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      group: expect.stringMatching(/^[\w-]{12}$/),
      reader: readerMark(owner),
    })
    expect(stream.events.at(-1)).toMatchObject({ event: 'message', id: message?.id })
    stream.close()
  })

  it('is an event stream that no cache keeps and no proxy holds back', async () => {
    const { visitor } = await loggedIn()
    const { response, ...stream } = await visitor.stream()
    expect(response.statusCode).toBe(200)
    expect(response.headers).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': expect.stringContaining('no-store'),
      'x-accel-buffering': 'no',
    })
    stream.request.destroy()
  })

  it('begins with what is unread, oldest first, and consumes nothing', async () => {
    const { owner, visitor } = await loggedIn()
    await store.post(owner, [info('one'), info('two')])
    const stream = await visitor.stream()
    await come(stream, ['one', 'two'])
    stream.close()
    expect(await visitor.page()).toHaveLength(2)
  })

  it('brings all of a full list, in order', async () => {
    const { owner, visitor } = await loggedIn()
    const many = new RedisMessageStore({ redis, prefix, cap: 350 })
    const texts = Array.from({ length: 350 }, (_, i) => `m${i}`)
    await many.post(
      owner,
      texts.map(text => info(text)),
    )
    const stream = await visitor.stream()
    await come(stream, texts)
    stream.close()
  })

  it('sends a message at most once, also one that a page took and gave back', async () => {
    const { owner, visitor } = await loggedIn()
    const stream = await visitor.stream()
    await store.post(owner, info('only once'))
    await come(stream, ['only once'])
    const claim = await store.claim({ owner }, { limit: 10 })
    if (claim) await store.release(claim)
    await goneThrough(stream, owner)
    expect(stream.texts.filter(text => text === 'only once')).toHaveLength(1)
    stream.close()
  })

  it('brings what waits for the visitor of a browser, and what is for everyone', async () => {
    const visitor = new Visitor(address)
    await visitor.send('/add?text=For%20the%20visitor.', { method: 'POST' })
    const stream = await visitor.stream()
    await come(stream, ['For the visitor.'])
    expect(stream.messages[0]?.reader).toBe('')
    stream.close()

    const { visitor: user } = await loggedIn()
    const all = await user.stream()
    const id = await store.broadcast(info('For everyone.'))
    await expect.poll(() => all.texts).toContain('For everyone.')
    all.close()
    await store.withdraw(id)
  })

  it('leaves to the next page what a request has added for its browser, where the application says so', async () => {
    const { app, address } = await startLiveApp({ store, browserMessages: false, recheck: 50 })
    const { owner, visitor } = await loggedIn(address)
    await visitor.send('/add?text=Saved.', { method: 'POST' })
    const stream = await visitor.stream()
    await goneThrough(stream, owner)
    // It is still its reader's, whenever that is asked.
    await goneThrough(stream, owner)
    expect(stream.texts).not.toContain('Saved.')
    expect(stream.hasEnded).toBe(false)
    stream.close()
    const guest = new Visitor(address)
    await guest.send('/add?text=Hello.', { method: 'POST' })
    expect((await guest.send('/messages/stream')).status).toBe(204)
    expect(await visitor.page()).toHaveLength(3)
    expect(await guest.page()).toHaveLength(1)
    await app.close()
  })

  it('marks alike what a page would say once, with a count', async () => {
    const { owner, visitor } = await loggedIn()
    const same = info('Same.', { link: { href: '/', text: 'Look' } })
    await store.post(owner, [same, same, { ...same, job: 'a' }, { ...same, data: { n: 1 } }, info('Same.')])
    const stream = await visitor.stream()
    await expect.poll(() => stream.messages).toHaveLength(5)
    const [first, ...rest] = stream.messages.map(({ group }) => group)
    expect(rest[0]).toBe(first)
    expect(new Set(rest).size).toBe(4)
    stream.close()
  })

  it('brings nobody what is for somebody else', async () => {
    const [alice, bob] = [await loggedIn(), await loggedIn()]
    const [hers, his] = [await alice.visitor.stream(), await bob.visitor.stream()]
    await store.post(alice.owner, info('for Alice'))
    await come(hers, ['for Alice'])
    await goneThrough(his, bob.owner)
    expect(his.raw).not.toContain('for Alice')
    hers.close()
    his.close()
  })

  it('comes to each of two tabs', async () => {
    const { owner, visitor } = await loggedIn()
    const tabs = [await visitor.stream(), await visitor.stream()]
    await store.post(owner, info('in both'))
    for (const tab of tabs) await come(tab, ['in both'])
    for (const tab of tabs) tab.close()
  })

  it.each([
    ['lines', 'x\nevent: admin\ndata: {"id":"1"}\n\nid: 9'],
    ['carriage returns', 'x\r\n\r\nevent: admin\r\ndata: y\r\n\r\n'],
    ['separators of Unicode', 'one\u2028two\u2029three\u0085four'],
    ['markup', '</script><img src=x onerror=alert(1)>'],
  ])('can not be broken by %s in a text', async (_, text) => {
    const { owner, visitor } = await loggedIn()
    await store.post(owner, [info(text), info('after it')])
    const stream = await visitor.stream()
    await expect.poll(() => stream.texts).toHaveLength(2)
    const inbox = await store.inbox(owner)
    expect(stream.texts[0]).toBe(inbox[1]?.text)
    expect(stream.events.map(({ event }) => event)).toEqual(['message', 'message'])
    stream.close()
  })

  it('shows that it is alive, and tells when to come back', async () => {
    const quick = await startLiveApp({ store, heartbeat: 20 })
    const { visitor } = await loggedIn(quick.address)
    const stream = await visitor.stream()
    await expect.poll(() => stream.raw.match(/^:$/gm)?.length).toBeGreaterThan(3)
    expect(stream.raw).toMatch(/^retry: \d+$/m)
    expect(stream.events).toEqual([])
    stream.close()
    await quick.app.close()
  })

  it("says it in the reader's language", async () => {
    const { app, address } = await startLiveApp({
      store,
      translate: ({ i18n }) => (i18n?.key === 'saved' ? 'Gespeichert.' : undefined),
    })
    const { owner, visitor } = await loggedIn(address)
    await store.post(owner, [info('Saved.', { i18n: { key: 'saved' } }), info('Other.')])
    const stream = await visitor.stream()
    await come(stream, ['Gespeichert.', 'Other.'])
    stream.close()
    await app.close()
  })

  it('takes what the application adds, and falls back where that fails', async () => {
    const { app, address } = await startLiveApp({
      store,
      render({ id, level, text }) {
        if (level === 40) throw new Error('no word for it')
        return { id: `not ${id}`, text: text.toUpperCase(), word: 'Note' }
      },
    })
    const { owner, visitor } = await loggedIn(address)
    await store.post(owner, [info('one'), error('two')])
    const stream = await visitor.stream()
    await come(stream, ['ONE', 'two'])
    expect(stream.messages[0]).toMatchObject({ word: 'Note', id: expect.stringMatching(/^\d{16}/) })
    stream.close()
    await app.close()
  })
})

describe('after a gap', () => {
  it('a stream brings what came in between, and not what was confirmed', async () => {
    const { owner, visitor } = await loggedIn()
    const first = await visitor.stream()
    await store.post(owner, [info('confirmed'), info('not confirmed')])
    await come(first, ['confirmed', 'not confirmed'])
    const [confirmed, last] = first.messages
    await visitor.confirm([confirmed?.id])
    first.close()
    await store.post(owner, info('in between'))
    const second = await visitor.stream({ 'last-event-id': String(last?.id) })
    await come(second, ['not confirmed', 'in between'])
    second.close()
  })

  it.each(['0', '9999999999999999', 'nonsense', "another user's"])(
    'Last-Event-ID %s changes nothing',
    async forged => {
      const [{ owner, visitor }, other] = [await loggedIn(), await loggedIn()]
      await store.post(owner, info('mine'))
      await store.post(other.owner, info('theirs'))
      const [theirs] = await store.inbox(other.owner)
      const id = forged === "another user's" ? String(theirs?.id) : forged
      const stream = await visitor.stream({ 'last-event-id': id })
      await come(stream, ['mine'])
      stream.close()
      expect(await visitor.page()).toHaveLength(1)
      expect(await other.visitor.page()).toEqual([theirs?.id])
    },
  )
})

describe('what was confirmed', () => {
  it('is read: no page and no other stream shows it as new, and the inbox keeps it', async () => {
    const { owner, visitor } = await loggedIn()
    await store.post(owner, info('seen live'))
    const stream = await visitor.stream()
    await come(stream, ['seen live'])
    const answer = await visitor.confirm(stream.messages.map(({ id }) => id))
    expect([answer.status, await answer.text()]).toEqual([204, ''])
    stream.close()
    expect(await visitor.page()).toEqual([])
    expect(await store.inbox(owner)).toMatchObject([{ text: 'seen live', unread: false }])
    const later = await visitor.stream()
    await goneThrough(later, owner)
    expect(later.texts).not.toContain('seen live')
    later.close()
  })

  it('is only that: what was not confirmed comes on the next page', async () => {
    const { owner, visitor } = await loggedIn()
    await store.post(owner, [info('one'), info('two'), info('three')])
    const stream = await visitor.stream()
    await come(stream, ['one', 'two', 'three'])
    const ids = stream.messages.map(({ id }) => id)
    await visitor.confirm([ids[1]])
    stream.close()
    expect(await visitor.page()).toEqual([ids[0], ids[2]])
  })

  it('can be one of a browser, or one for everyone', async () => {
    const { owner, visitor } = await loggedIn()
    await visitor.send('/add?text=Saved.', { method: 'POST' })
    const broadcast = await store.broadcast(info('For everyone, too.'))
    const stream = await visitor.stream()
    await expect.poll(() => stream.texts).toHaveLength(2)
    await visitor.confirm(stream.messages.map(({ id }) => id))
    expect(await visitor.page()).toEqual([])
    const seen = (await store.broadcasts()).find(({ id }) => id === broadcast)?.seen
    expect([seen, await store.inbox(owner)]).toEqual([1, [expect.objectContaining({ unread: false })]])
    stream.close()
    await store.withdraw(broadcast)
  })

  it('may be confirmed again', async () => {
    const { owner, visitor } = await loggedIn()
    await store.post(owner, info('twice'))
    const [message] = await store.inbox(owner)
    for (const _ of [1, 2]) expect((await visitor.confirm([message?.id])).status).toBe(204)
    expect(await visitor.page()).toEqual([])
  })

  it("is nobody else's", async () => {
    const [alice, mallory] = [await loggedIn(), await loggedIn()]
    await store.post(alice.owner, info('for Alice'))
    await store.post(mallory.owner, info('for Mallory'))
    const [message] = await store.inbox(alice.owner)
    expect((await mallory.visitor.confirm([message?.id])).status).toBe(204)
    expect(await alice.visitor.page()).toEqual([message?.id])
    expect(await mallory.visitor.page()).toHaveLength(1)
  })

  it.each(['9999999999999999', '0000000000000000', 'nonsense', '99999999999999999999e'])(
    'is no message that does not exist: %s changes nothing',
    async forged => {
      const { owner, visitor } = await loggedIn()
      await store.post(owner, info('before'))
      expect((await visitor.confirm([forged])).status).toBe(204)
      await store.post(owner, info('after'))
      const inbox = await store.inbox(owner)
      expect(inbox.map(({ text, unread }) => [text, unread])).toEqual([
        ['after', true],
        ['before', true],
      ])
      expect(inbox.map(({ time }) => Date.now() - time.getTime() < 60_000)).toEqual([true, true])
      expect(await visitor.page()).toHaveLength(2)
    },
  )

  it('is never new again, when a page and a stream race for it 200 times', async () => {
    const { owner, visitor } = await loggedIn()
    const stream = await visitor.stream()
    await goneThrough(stream, owner)
    await visitor.confirm(stream.messages.map(({ id }) => id))
    const onPages = new Map<string, number>()
    const confirmedBefore = new Set<string>()
    const look = async () => {
      const confirmed = new Set(confirmedBefore)
      for (const id of await visitor.page()) {
        expect(confirmed.has(id), `page shows ${id}, which was confirmed before it was opened`).toBe(false)
        onPages.set(id, (onPages.get(id) ?? 0) + 1)
      }
    }
    const confirm = async (id: string) => {
      // On a machine that is busy the store may take longer than the route waits; the page's script asks again, too.
      let status = 503
      while (status === 503) status = (await visitor.confirm([id])).status
      expect(status).toBe(204)
      confirmedBefore.add(id)
    }
    for (let round = 0; round < 200; round++) {
      const seen = stream.messages.length
      const posting = store.post(owner, info(`round ${round}`))
      // A page is opened as the message is posted, just after it, as it is confirmed, or only afterwards.
      const when = round % 4
      const early = when === 0 ? look() : when === 1 ? posting.then(look) : undefined
      const opened = Promise.all([posting, early])
      // It comes to the stream, unless the page has been quicker.
      const message = await Promise.race([
        stream.message(seen),
        ...(early ? [opened.then(() => undefined)] : []),
      ])
      await Promise.all([message && confirm(message.id), when === 2 && look()])
      await opened
      await look()
    }
    const late = await visitor.stream()
    await goneThrough(late, owner)
    expect(late.texts).toHaveLength(1)
    expect(Math.max(...onPages.values())).toBe(1)
    expect(confirmedBefore.size).toBeGreaterThan(0)
    const rounds = (await store.inbox(owner)).filter(({ text }) => text.startsWith('round'))
    for (const { id, unread, text } of rounds) {
      expect(unread, text).toBe(false)
      expect(onPages.has(id) || confirmedBefore.has(id), text).toBe(true)
    }
    late.close()
    stream.close()
  }, 60_000)

  it('stays read when a page that held it is given up', async () => {
    const { owner, visitor } = await loggedIn()
    const stream = await visitor.stream()
    await store.post(owner, info('on a page that breaks'))
    await come(stream, ['on a page that breaks'])
    const claim = await store.claim({ owner }, { limit: 10 })
    await visitor.confirm(stream.messages.map(({ id }) => id))
    if (claim) await store.release(claim)
    expect(await visitor.page()).toEqual([])
    stream.close()
  })
})

describe('who may', () => {
  it('open no stream: nobody', async () => {
    const answer = await new Visitor(address).send('/messages/stream')
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([
      204,
      expect.stringContaining('no-store'),
    ])
  })

  it('confirm nothing: nobody', async () => {
    expect((await new Visitor(address).confirm([])).status).toBe(401)
  })

  it.each(['cross-site', 'same-site', 'none'])('%s requests neither', async site => {
    const { owner, visitor } = await loggedIn()
    await store.post(owner, info('private'))
    const [message] = await store.inbox(owner)
    const stream = await visitor.send('/messages/stream', { headers: { 'sec-fetch-site': site } })
    expect([stream.status, await stream.json()]).toMatchObject([403, { code: 'TIDINGS_LIVE_FOREIGN_SITE' }])
    expect((await visitor.confirm([message?.id], { 'sec-fetch-site': site })).status).toBe(403)
    expect(await visitor.page()).toHaveLength(1)
  })

  it('come from the same origin', async () => {
    const { visitor } = await loggedIn()
    const stream = await visitor.stream({ 'sec-fetch-site': 'same-origin' })
    expect(stream.response.statusCode).toBe(200)
    stream.close()
    expect((await visitor.confirm([], { 'sec-fetch-site': 'same-origin' })).status).toBe(204)
  })

  it.each([
    ['no ids', '{}', 400],
    ['ids that are no texts', '{"ids":[1]}', 400],
    ['too many', JSON.stringify({ ids: Array.from({ length: 101 }, (_, i) => `${i}`) }), 400],
    ['what is no JSON', '{', 400],
    ['a body that is too large', JSON.stringify({ ids: [], more: 'x'.repeat(20_000) }), 413],
  ])('not confirm %s', async (_, body, status) => {
    const { visitor } = await loggedIn()
    const headers = { 'content-type': 'application/json' }
    expect((await visitor.send('/messages/confirm', { method: 'POST', body, headers })).status).toBe(status)
  })

  it('not confirm by a form, which another site could send', async () => {
    const { visitor } = await loggedIn()
    const body = new URLSearchParams({ ids: '1' })
    expect((await visitor.send('/messages/confirm', { method: 'POST', body })).status).toBe(415)
  })

  it('confirm a hundred at once', async () => {
    const { owner, visitor } = await loggedIn()
    await store.post(
      owner,
      Array.from({ length: 100 }, (_, i) => info(`m${i}`)),
    )
    const inbox = await store.inbox(owner)
    expect((await visitor.confirm(inbox.map(({ id }) => id))).status).toBe(204)
    expect(await visitor.page()).toEqual([])
  })

  it('not confirm without what the application asks for', async () => {
    const { app, address } = await startLiveApp({
      store,
      preHandler: async (request, reply) => {
        if (request.headers['x-csrf-token'] !== 'the token') return reply.code(403).send({})
      },
    })
    const { owner, visitor } = await loggedIn(address)
    await store.post(owner, info('guarded'))
    const [message] = await store.inbox(owner)
    expect((await visitor.confirm([message?.id])).status).toBe(403)
    expect(await visitor.page()).toEqual([message?.id])
    expect((await visitor.confirm([message?.id], { 'x-csrf-token': 'the token' })).status).toBe(204)
    await app.close()
  })

  it('be told apart by hooks, which see the config of both routes', async () => {
    const seen: unknown[] = []
    const { app } = await startLiveApp({
      store,
      config: { kind: 'live' } as object,
      prepare: app =>
        app.addHook('onRoute', ({ method, url, config }) => {
          if (url.startsWith('/messages/')) seen.push([method, url, config])
        }),
    })
    const config = expect.objectContaining({ kind: 'live', messages: false })
    expect(seen).toEqual([
      ['GET', '/messages/stream', config],
      ['POST', '/messages/confirm', config],
    ])
    await app.close()
  })

  it('be asked for asynchronously, and be newer than what is for everyone', async () => {
    const old = await store.broadcast(info('From before your time.'))
    const { app, address } = await startLiveApp({
      store,
      owner: async ({ session }) => {
        const id = session.get('userId')
        return id === undefined ? undefined : { id, since: new Date(Date.now() + 1000) }
      },
    })
    const { owner, visitor } = await loggedIn(address)
    const stream = await visitor.stream()
    await goneThrough(stream, owner)
    expect(stream.texts).not.toContain('From before your time.')
    stream.close()
    await app.close()
    await store.withdraw(old)
  })
})

describe('a stream ends', () => {
  it('with the session, before anything else is sent', async () => {
    const { app, address } = await startLiveApp({ store, recheck: 50 })
    const { owner, visitor } = await loggedIn(address)
    const stream = await visitor.stream()
    await goneThrough(stream, owner)
    await visitor.send('/logout')
    await expect.poll(() => stream.hasEnded).toBe(true)
    await store.post(owner, info('not for this browser any more'))
    expect(stream.texts).toHaveLength(1)
    await app.close()
  })

  it('when somebody else has logged in', async () => {
    const { app, address } = await startLiveApp({ store, recheck: 50 })
    const { owner, visitor } = await loggedIn(address)
    const stream = await visitor.stream()
    await goneThrough(stream, owner)
    await visitor.send(`/switch/${newOwner()}`)
    await expect.poll(() => stream.hasEnded).toBe(true)
    await app.close()
  })

  it('at the next message, where the session ended since: nothing is sent', async () => {
    // It is asked again at a message only: never by itself.
    const { app, address } = await startLiveApp({ store, recheck: 3_600_000 })
    const { owner, visitor } = await loggedIn(address)
    const stream = await visitor.stream()
    await goneThrough(stream, owner)
    const opened = Date.now()
    await visitor.send('/logout')
    await expect.poll(() => Date.now() - opened, { timeout: 3000 }).toBeGreaterThan(1000)
    await store.post(owner, info('too late'))
    await expect.poll(() => stream.hasEnded).toBe(true)
    expect(stream.raw).not.toContain('too late')
    await app.close()
  })

  it('when its reader opens more than five: the newest work', async () => {
    const { owner, visitor } = await loggedIn()
    const streams: OpenStream[] = []
    for (let i = 0; i < 6; i++) streams.push(await visitor.stream())
    const [oldest, ...others] = streams
    await expect.poll(() => oldest?.hasEnded).toBe(true)
    expect(oldest?.events).toMatchObject([{ event: 'retired' }])
    await store.post(owner, info('for the newest five'))
    for (const stream of others) await come(stream, ['for the newest five'])
    expect(others.map(({ hasEnded }) => hasEnded)).toEqual(Array(5).fill(false))
    for (const stream of streams) stream.close()
  })

  it('and makes room: five that were closed count no more', async () => {
    const { owner, visitor } = await loggedIn()
    for (let i = 0; i < 5; i++) (await visitor.stream()).close()
    const last = await visitor.stream()
    await goneThrough(last, owner)
    expect(last.hasEnded).toBe(false)
    last.close()
  })

  it("not for another reader's sake", async () => {
    const [alice, bob] = [await loggedIn(), await loggedIn()]
    const hers = await alice.visitor.stream()
    const his = await Promise.all(Array.from({ length: 6 }, () => bob.visitor.stream()))
    await goneThrough(hers, alice.owner)
    expect(hers.hasEnded).toBe(false)
    for (const stream of [hers, ...his]) stream.close()
  })

  it('never begins where the process carries as many as it may', async () => {
    const { app, address } = await startLiveApp({ store, streamsPerProcess: 2 })
    const open = [await loggedIn(address), await loggedIn(address)].map(({ visitor }) => visitor.stream())
    const streams = await Promise.all(open)
    const { visitor } = await loggedIn(address)
    const refused = await visitor.send('/messages/stream')
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5'])
    streams[0]?.close()
    await expect
      .poll(async () => {
        const stream = await visitor.stream()
        stream.close()
        return stream.response.statusCode
      })
      .toBe(200)
    await app.close()
  })

  it('at once when the application closes, with a word when to come back', async () => {
    const { app, address } = await startLiveApp({ store })
    const { visitor } = await loggedIn(address)
    const streams = await Promise.all(Array.from({ length: 5 }, () => visitor.stream()))
    const began = Date.now()
    await app.close()
    expect(Date.now() - began).toBeLessThan(2000)
    await expect.poll(() => streams.every(({ hasEnded }) => hasEnded)).toBe(true)
    const waits = streams.map(({ raw }) => Number(/retry: (\d+)\n$/.exec(raw)?.[1]))
    expect(new Set(waits).size).toBeGreaterThan(1)
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(500)
    expect(Math.max(...waits)).toBeLessThanOrEqual(5000)
  })
})

describe('a client that does not read', () => {
  const MEGABYTE = 1024 * 1024

  /** Opens a stream, and reads none of it. Each message becomes a megabyte, more than any buffer on the way takes. */
  async function slowClient(options: { drainWithin?: number; streamsPerUser?: number }) {
    let reads = 0
    const counted: MessageStore = new Proxy(store, {
      get(target, name: keyof MessageStore) {
        if (name === 'unread') reads++
        const value = target[name]
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
    const { app, address } = await startLiveApp({
      store: counted,
      heartbeat: 20,
      render: () => ({ padding: 'x'.repeat(MEGABYTE) }),
      ...options,
    })
    const { owner, visitor } = await loggedIn(address)
    await store.post(
      owner,
      Array.from({ length: 50 }, (_, i) => info(`m${i}`)),
    )
    const cookie = await visitor.send('/page', { method: 'HEAD' }).then(() => visitor.cookie)
    const connecting = once(app.server, 'connection') as Promise<[Socket]>
    const socket = connect(Number(new URL(address).port), '127.0.0.1').pause()
    socket.on('error', () => {})
    await once(socket, 'connect')
    socket.write(`GET /messages/stream HTTP/1.1\r\nHost: x\r\nCookie: ${cookie}\r\n\r\n`)
    const [connection] = await connecting
    return { app, address, owner, socket, connection, reads: () => reads }
  }

  it('is dropped after a while, and has made nothing pile up', async () => {
    const { app, connection, owner, reads } = await slowClient({ drainWithin: 500 })
    await expect.poll(() => (connection?.writableLength ?? 0) > 0).toBe(true)
    const before = reads()
    for (let i = 0; i < 20; i++) await store.post(owner, info(`more ${i}`))
    expect(connection?.writableLength).toBeLessThan(4 * MEGABYTE)
    expect(reads()).toBe(before)
    await expect.poll(() => connection?.destroyed).toBe(true)
    await app.close()
  })

  it('keeps no place: a newer stream of its reader ends its connection', async () => {
    const { app, address, connection, owner } = await slowClient({ streamsPerUser: 1 })
    await expect.poll(() => (connection?.writableLength ?? 0) > 0).toBe(true)
    const newer = await (await new Visitor(address).login(owner)).stream()
    await expect.poll(() => connection?.destroyed).toBe(true)
    newer.close()
    await app.close()
  })

  it('does not keep the application from closing', async () => {
    const { app, connection, socket } = await slowClient({})
    await expect.poll(() => (connection?.writableLength ?? 0) > 0).toBe(true)
    const began = Date.now()
    await app.close()
    expect(Date.now() - began).toBeLessThan(2000)
    socket.destroy()
  })
})

describe('when the store is away', () => {
  it('a stream stays open, and brings what came when the store is back', async () => {
    let isAway = true
    const unsteady: MessageStore = new Proxy(store, {
      get(target, name: keyof MessageStore) {
        if (isAway && (name === 'unread' || name === 'watch')) return () => Promise.reject(new Error('away'))
        const value = target[name]
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
    const { app, address } = await startLiveApp({ store: unsteady })
    const { owner, visitor } = await loggedIn(address)
    const stream = await visitor.stream()
    expect(stream.response.statusCode).toBe(200)
    await store.post(owner, info('kept'))
    isAway = false
    await expect.poll(() => stream.texts).toEqual(['kept'])
    await store.post(owner, info('watched again'))
    await come(stream, ['kept', 'watched again'])
    stream.close()
    await app.close()
  })

  it.each([
    ['fails', () => Promise.reject(new Error('away'))],
    ['hangs', () => new Promise<never>(() => {})],
  ])('a confirm that %s is answered 503 within a second', async (_, read) => {
    const { app, address } = await startLiveApp({ store: Object.assign(Object.create(store), { read }) })
    const { visitor } = await loggedIn(address)
    const began = Date.now()
    const answer = await visitor.confirm(['1792345678901234'])
    expect(Date.now() - began).toBeLessThan(1000)
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5'])
    await app.close()
  })
})

describe('options', () => {
  it.each([
    ['a store that can not watch', { store: { unread() {}, read() {} } }, /watch/],
    ['an owner that is no function', { owner: 'alice' }, /owner/],
    ['no stream for anybody', { streamsPerUser: 0 }, /streamsPerUser/],
    ['a path without a slash', { path: 'stream' }, /path/],
  ])('refuse %s', async (_, fault, message) => {
    const options = { store, owner: () => undefined, ...fault } as never
    await expect(fastify().register(liveMessages, options)).rejects.toThrow(message)
  })

  it('ask for the plugin first', async () => {
    await expect(fastify().register(liveMessages, { store, owner: () => 'alice' })).rejects.toThrow(
      /fastifyMessages/,
    )
  })
})
