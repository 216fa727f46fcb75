import { Readable } from 'node:stream'

/**
 * Pages that end in every way a page can.
 *
 * @param {import('fastify').FastifyInstance} app
 */
export async function pages(app, { gates, handlerTimeout }) {
  const silent = { config: { messages: false } }
  // What browsers have asked for, and for which purpose.
  const asked = []
  app.addHook('onRequest', async ({ url, headers }) => {
    asked.push({ url, purpose: headers['sec-purpose'], destination: headers['sec-fetch-dest'] })
  })

  app.get('/page', (_, reply) => reply.view('page.pug'))
  app.get('/quiet', silent, (_, reply) => reply.view('page.pug'))
  app.get('/links', silent, (_, reply) => reply.view('links.pug'))
  app.get('/looks-ahead', silent, (_, reply) => reply.view('looks-ahead.pug'))
  app.get('/asked', silent, async () => asked)
  app.get('/broken', (_, reply) => reply.view('broken.pug'))

  // Rendered, and not sent before the gate opens.
  app.get('/slow/:gate', async (request, reply) => {
    const html = await reply.viewAsync('page.pug')
    await gates.pass(request.params.gate, request)
    return reply.send(html)
  })
  app.get('/times-out/:gate', { handlerTimeout }, async (request, reply) => {
    const html = await reply.viewAsync('page.pug')
    await gates.pass(request.params.gate, request)
    return reply.send(html)
  })

  // What nobody reads as a page, although a template was rendered for it.
  app.get('/json', async (_, reply) => {
    const html = await reply.viewAsync('page.pug')
    return reply.type('application/json').send({ html })
  })
  app.get('/events', async (_, reply) => {
    const html = await reply.viewAsync('page.pug')
    return reply.type('text/event-stream').send(`data: ${html}\n\n`)
  })
  app.get('/raw-events', async (_, reply) => {
    const html = await reply.viewAsync('page.pug')
    reply.hijack()
    reply.raw.writeHead(200, { 'content-type': 'text/event-stream' })
    reply.raw.end(`data: ${html}\n\n`)
  })
  app.get('/unchanged', (_, reply) => reply.header('etag', '"always the same"').view('page.pug'))
  app.get('/rendered-and-left', async (_, reply) => {
    await reply.viewAsync('page.pug')
    return reply.redirect('/page', 303)
  })
  app.get('/missing', (_, reply) => reply.code(404).view('page.pug'))
  app.get('/fails', async () => {
    throw new Error('on purpose')
  })
  app.setErrorHandler(async (_, __, reply) => reply.code(500).view('page.pug'))
  app.setNotFoundHandler((_, reply) => reply.code(404).view('page.pug'))

  app.post('/save', async (request, reply) => {
    request.messages.success(request.body.text)
    return reply.redirect('/hops/3', 303)
  })
  app.get('/hops/:left', async (request, reply) => {
    const left = Number(request.params.left)
    return reply.redirect(left > 1 ? `/hops/${left - 1}` : '/page', 303)
  })
}

/**
 * A page whose second half is not sent before the gate opens.
 *
 * @param {import('fastify').FastifyInstance} app
 */
export async function halves(app, { gates }) {
  app.get('/half/:gate', async (request, reply) => {
    const html = Buffer.from(await reply.viewAsync('page.pug'))
    const middle = Math.floor(html.length / 2)
    async function* pieces() {
      yield html.subarray(0, middle)
      await gates.pass(request.params.gate, request)
      yield html.subarray(middle)
    }
    return reply.header('content-length', html.length).send(Readable.from(pieces()))
  })
}
