import type { FastifyInstance } from 'fastify'

/** A page that no template engine makes. */
export function addPlainPage(app: FastifyInstance): void {
  app.get('/plain', async (request, reply) => {
    request.messages.info('You are looking at the plain page.')
    const messages = await request.messages.view() // with `block()`, equal ones in a row are one
    const lines = messages.map(({ level, text }) => `${level} ${text}`) // reading `text` is what shows it
    if (messages.more > 0) lines.push(`${messages.more} more wait for the next page.`)
    if (messages.dropped > 0) lines.push(`${messages.dropped} older messages were dropped.`)
    if (messages.delayed) lines.push('Messages are delayed.')
    const { added, shown } = request.messages
    return reply
      .header('x-messages', `${added} added, ${shown} shown`)
      .type('text/plain')
      .send(lines.join('\n'))
  })
}
