import type { FastifyRequest } from 'fastify'
import { describe, expect, it } from 'vitest'
import type { Owner } from '../src/fastify.ts'
import { info } from '../src/index.ts'
import { MemoryMessageStore } from '../src/memory-message-store.ts'
import { browser, ownerOf, testApp } from './fastify-app.ts'

const store = new MemoryMessageStore()
const log = () => [] as { level: number; msg: string }[]

describe('the owner', () => {
  it('may say since when they exist: what was told to everyone before is not for them', async () => {
    const now = Date.now()
    const all = new MemoryMessageStore({ now: () => now })
    await all.broadcast(info('Welcome, all.'))
    const appFor = (since: Date) =>
      testApp({ store: all, owner: () => ({ id: `born ${since.getTime()}`, since }) })
    expect(await browser(await appFor(new Date(now + 1000))).texts()).toEqual([])
    expect(await browser(await appFor(new Date(now - 1000))).texts()).toEqual(['Welcome, all.'])
  })

  it('may be null, for a visitor', async () => {
    const app = await testApp({ store, owner: () => null })
    const visitor = browser(app)
    await visitor.post('/add?text=Thanks.')
    expect(await visitor.texts()).toEqual(['Thanks.'])
  })

  it.each<[string, () => unknown]>([
    ['a number', () => 7],
    ['nothing at all', () => ''],
    ['a promise', async () => 'ann'],
    ['a day in words', () => ({ id: 'ann', since: 'yesterday' })],
    ['a day that is none', () => ({ id: 'ann', since: new Date(Number.NaN) })],
  ])(
    'that is %s is a fault that the handler hears of, and a page is rendered without messages',
    async (_, owner) => {
      const said = log()
      const app = await testApp({ store, owner: owner as () => Owner }, { log: said })
      const { statusCode, body } = await app.inject({ method: 'POST', url: '/add?text=x' })
      expect([statusCode, body]).toEqual([500, expect.stringContaining('owner(request): expected')])
      const page = await app.inject('/view/page')
      expect([page.statusCode, page.body]).toEqual([200, '<p>0</p>'])
      expect(said).toContainEqual(
        expect.objectContaining({ level: 50, msg: 'messages could not be read: they are delayed' }),
      )
    },
  )
})

describe('when the identity changes', () => {
  const routes = {
    '/switch/:user': async (request: FastifyRequest) => {
      request.messages.info('For the first one.')
      request.session.set('userId', (request.params as { user: string }).user)
    },
    '/leave': async (request: FastifyRequest) => {
      request.messages.info('You have logged out.')
      await request.session.regenerate()
    },
    '/end': async (request: FastifyRequest) => {
      request.messages.info('You have logged out.')
      await request.session.destroy()
    },
    '/forget': async (request: FastifyRequest) => {
      request.session.set('userId', undefined as unknown as string)
    },
  }

  async function shared(said = log()) {
    const app = await testApp(
      { store, owner: request => (request.session ? ownerOf(request) : undefined) },
      {
        log: said,
        routes: app => {
          for (const [url, change] of Object.entries(routes)) {
            app.post(url, async (request, reply) => {
              await change(request)
              return reply.send('ok')
            })
          }
        },
      },
    )
    const computer = browser(app)
    await computer.post('/login/ann')
    return computer
  }

  it('between adding and sending, the next one does not get what was for the first', async () => {
    const said = log()
    const computer = await shared(said)
    await computer.post('/switch/bob')
    expect(await computer.texts()).toEqual([])
    expect(said).toMatchObject([
      { msg: 'messages were dropped: they were added for the user before this one' },
    ])
  })

  it('what was waiting for the first one is for nobody else, whether the session was renewed or not', async () => {
    const computer = await shared()
    await computer.post('/add?text=Secret.')
    await computer.post('/forget')
    expect(await computer.texts()).toEqual([])
    await computer.post('/login/bob')
    expect(await computer.texts()).toEqual([])
  })

  it('a goodbye is shown after the logout', async () => {
    const computer = await shared()
    await computer.post('/leave')
    expect(await computer.texts()).toEqual(['You have logged out.'])
  })

  it('a goodbye that nobody has looked at is not for the next who logs in', async () => {
    const computer = await shared()
    await computer.post('/leave')
    await computer.post('/login/bob')
    expect(await computer.texts()).toEqual([])
  })

  it('a goodbye that nobody has looked at is there when the same one comes back', async () => {
    const computer = await shared()
    await computer.post('/leave')
    await computer.post('/login/ann')
    expect(await computer.texts()).toEqual(['You have logged out.'])
  })

  it('a session that ended takes its message with it, and the action is done', async () => {
    const said = log()
    const computer = await shared(said)
    expect((await computer.post('/end')).statusCode).toBe(200)
    expect(said).toMatchObject([{ level: 50, msg: 'messages of a request could not be written' }])
  })
})
