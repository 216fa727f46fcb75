import type { FastifyInstance } from 'fastify'
import { describe, expect, it } from 'vitest'
import { stores, visit } from './visit.ts'

describe.each(stores())('Django of the message of a form that succeeded: %s', (_, make) => {
  function authors(app: FastifyInstance) {
    app.post('/authors', { config: { successMessage: '%(name)s was created successfully' } }, (_, reply) =>
      reply.redirect('/view/page', 303),
    )
    app.post(
      '/authors/7/delete',
      { config: { successMessage: 'Object was deleted successfully' } },
      (_, reply) => reply.redirect('/view/page', 303),
    )
  }

  it('C75: it is made of the fields of the form', async () => {
    const { user } = await visit(make(), {}, authors)
    await user.post('/authors', { name: 'John Doe', slug: 'john-doe' })
    const { body } = await user.get('/view/page')
    expect(body).toMatch(/<li class="success"[^>]*>John Doe was created successfully<\/li>/)
  })

  it('C76: that of a deletion is on the next page', async () => {
    const { user, next } = await visit(make(), {}, authors)
    await user.post('/authors/7/delete')
    expect(await next()).toEqual(['Object was deleted successfully'])
    expect(await next()).toEqual([])
  })
})
