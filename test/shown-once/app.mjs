// A small web application with the built packages, started by the tests beside it: node test/shown-once/app.mjs
// REDIS_URL, PREFIX: where its messages are; STORE: which store keeps them (stores.mjs); LEASE: of a page's claim, ms.
import cookie from '@fastify/cookie'
import etag from '@fastify/etag'
import session from '@fastify/session'
import view from '@fastify/view'
import { info } from '@tidings/messages'
import { fastifyMessages } from '@tidings/messages/fastify'
import { openRedis } from '@tidings/runtime'
import fastify from 'fastify'
import pug from 'pug'
import { Gates } from './gates.mjs'
import { halves, pages } from './pages.mjs'
import { storeNamed } from './stores.mjs'

const { REDIS_URL, PREFIX = '{tidings}', STORE = 'redis', LEASE = '10000' } = process.env
const HANDLER_TIMEOUT = 150

const log = { info() {}, warn() {}, error() {}, debug() {}, child: () => log }
const handle = await openRedis({ url: REDIS_URL, dataDir: '.', log })
const redis = await handle.connect('web')
const gates = new Gates()
const store = storeNamed(STORE, { redis, prefix: PREFIX, lease: Number(LEASE) })

const app = fastify({ forceCloseConnections: true })
await app.register(cookie)
await app.register(session, {
  secret: 'a secret of at least thirty-two characters',
  cookie: { secure: false },
  saveUninitialized: false,
  rolling: false,
  store: sessionsInRedis(),
})
await app.register(etag)
await app.register(view, { engine: { pug }, root: new URL('views/', import.meta.url).pathname })
// Nothing but a name in a cookie: whoever tests knows what they do.
const owner = request => request.cookies.user
await app.register(fastifyMessages, {
  store: gatedByClaim(store),
  owner,
  timeout: 30_000, // a gate may hold a claim for longer than a page would wait
})
await app.register(pages, { gates, handlerTimeout: HANDLER_TIMEOUT })
await app.register(halves, { gates })

app.post('/post', async (request, reply) => {
  const { to, texts } = request.body
  await store.post(
    to,
    texts.map(text => info(text)),
  )
  return reply.code(204).send()
})
app.get('/waiting/:user', async request => ({ waiting: await store.waiting(request.params.user) }))
app.put('/gates/:name', async request => gates.hold(request.params.name))
app.get('/gates/:name', async request => gates.at(request.params.name))
app.delete('/gates/:name', async request => gates.open(request.params.name))

const address = await app.listen({ port: 0, host: '127.0.0.1' })
console.log(JSON.stringify({ msg: 'ready', ready: true, address }))
process.once('SIGTERM', async () => {
  await app.close()
  await handle.close()
  process.exit()
})

/** The store, with a gate between a page's claim and its template. */
function gatedByClaim(store) {
  const claim = async (reader, options) => {
    const claimed = await store.claim(reader, options)
    await gates.pass(`claim:${reader.owner}`)
    return claimed
  }
  return new Proxy(store, {
    get: (target, name) => {
      if (name === 'claim') return claim
      return typeof target[name] === 'function' ? target[name].bind(target) : target[name]
    },
  })
}

function sessionsInRedis() {
  const key = id => `${PREFIX}:session:${id}`
  return {
    get: (id, done) =>
      redis.get(key(id)).then(text => done(null, text === null ? null : JSON.parse(text)), done),
    set: (id, kept, done) =>
      redis.set(key(id), JSON.stringify(kept), 'EX', 3600).then(() => done(null), done),
    destroy: (id, done) => redis.del(key(id)).then(() => done(null), done),
  }
}
