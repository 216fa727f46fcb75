import fastify from 'fastify'
import { afterAll, describe, expect, it } from 'vitest'
import { answerLimit } from '../src/plugins/answer-limit.ts'
import { hiddenFields, testSite } from './client.ts'

const NEVER = () => new Promise<never>(() => {})

describe('a handler that takes longer than its form may wait', async () => {
  const app = fastify()
  afterAll(() => app.close())
  await app.register(answerLimit, { arrival: 1000 })
  const ends: (() => void)[] = []
  const tried: unknown[] = []
  app.setErrorHandler((error, _, reply) =>
    reply.code(503).send(error instanceof Error ? error.message : 'odd'),
  )
  const config = { answersWithin: 30 }
  app.post('/late', { config }, async (request, reply) => {
    await new Promise<void>(resolve => ends.push(resolve))
    tried.push(request.isOver)
    try {
      return reply.header('x-late', 'yes').redirect('/done', 303)
    } catch (error) {
      tried.push(error)
      throw error
    }
  })
  app.post('/in-time', { config }, async (request, reply) => {
    tried.push(request.isOver)
    return reply.header('x-late', 'no').redirect('/done', 303)
  })

  it('is answered 503, and what it does late is neither sent nor thrown at anybody', async () => {
    const response = await app.inject({ method: 'POST', url: '/late', payload: { a: 1 } })
    expect([response.statusCode, response.body]).toEqual([503, 'the handler had no answer within 30 ms'])
    for (const end of ends) end()
    await expect.poll(() => tried).toEqual([true, new Error('The request was answered already.')])
    expect(response.headers).not.toHaveProperty('x-late')
  })

  it('differs from one that is in time', async () => {
    tried.length = 0
    const { statusCode, headers } = await app.inject({ method: 'POST', url: '/in-time' })
    expect([statusCode, headers.location, headers['x-late']]).toEqual([303, '/done', 'no'])
    expect(tried).toEqual([false])
  })
})

describe('on the site', async () => {
  const site = await testSite()
  const { browser, id } = await site.user('waits')

  it.concurrent('a form gets our page within seconds, and nobody is logged out', async () => {
    const form = await browser.form('/account', '/account/sessions/end')
    const { dismiss } = site.store
    site.store.dismiss = NEVER
    const { statusCode, headers, body } = await browser.post('/inbox/dismiss', { ...form, id: 'x' })
    site.store.dismiss = dismiss
    expect([statusCode, headers['retry-after'], headers['set-cookie']]).toEqual([503, '5', undefined])
    expect(body).toContain('Messages are delayed. You are still signed in')
    expect((await browser.get('/inbox')).statusCode).toBe(200)
  }, 30_000)

  it.concurrent('a form that starts a job comes back with its key', async () => {
    if (!site.definitions.demo) throw new Error('Expected the demo job.')
    const input = { label: 'x', outcome: 'succeed', seconds: 0 } as const
    const job = await site.jobs.enqueue(site.definitions.demo, input, { owner: id, delay: 600_000 })
    const form = await browser.form('/account', '/account/sessions/end')
    const { enqueue } = site.jobs
    site.jobs.enqueue = NEVER
    const path = `/jobs/${job.id}/again`
    const { statusCode, body } = await browser.post(path, { ...form, idempotencyKey: 'once' })
    site.jobs.enqueue = enqueue
    expect(statusCode).toBe(503)
    expect(body).toContain(
      "We could not tell whether it started. Press the button again: it can't start twice.",
    )
    expect(hiddenFields(body, path)).toEqual({ ...form, idempotencyKey: 'once' })
  }, 30_000)
})
