import type { FastifyInstance } from 'fastify'

export function addAuthors(app: FastifyInstance): void {
  const created = { successMessage: '%(name)s was created.' }
  app.post<{ Body: { name: string } }>('/authors', { config: created }, async ({ body }, reply) => {
    if (!body.name) return reply.code(422).send({ message: 'An author needs a name.' }) // nothing is said
    return reply.redirect('/authors', 303)
  })

  const deleted = { successMessage: (_: unknown, __: unknown, payload: unknown) => `Deleted ${payload}.` }
  app.delete('/authors/:name', { config: deleted }, async request => {
    const { name } = request.params as { name: string }
    return `the author ${name}` // the payload
  })
}
