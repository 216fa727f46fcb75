import { join } from 'node:path'
import fastifyView from '@fastify/view'
import { error, info, MemoryMessageStore, success } from '@tidings/messages'
import { fastifyMessages } from '@tidings/messages/fastify'
import { assertMessages, messagesIn } from '@tidings/messages/testing'
import fastify from 'fastify'
import pug from 'pug'
import { expect, it } from 'vitest'
import { addAuthors } from './success-message.ts'

it('says who was created, once', async () => {
  let now = Date.now()
  const store = new MemoryMessageStore({ now: () => now })
  const app = fastify()
  await app.register(fastifyView, { engine: { pug }, root: join(import.meta.dirname) })
  await app.register(fastifyMessages, { store, owner: () => 'ada' })
  addAuthors(app)
  app.get('/authors', (_, reply) => reply.view('profile.pug'))

  await app.inject({ method: 'POST', url: '/authors', payload: { name: 'Grace' } })
  assertMessages(await store.inbox('ada'), [success('Grace was created.')])

  await store.post('ada', [error('No.', { extraTags: 'author' }), info('For a second.', { expiresIn: 1000 })])
  now += 1000
  const page = await app.inject('/authors')
  expect(messagesIn(page.body).map(({ text, tags }) => [text, tags])).toEqual([
    ['Grace was created.', 'success'],
    ['No.', 'author error'],
  ])
  expect(messagesIn((await app.inject('/authors')).body)).toEqual([])
  const expected = [success('Grace was created.'), error('No.', { extraTags: 'author' })]
  assertMessages(await store.inbox('ada'), expected, { ordered: false }) // an inbox has the newest first
  await app.close()
})
