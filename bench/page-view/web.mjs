// One web process of the comparison: node bench/page-view/web.mjs none|plugin|hand
// It serves the site's own listing of 20 posts, to people whose session is in Redis, and tells its parent what CPU it used.
import cookie from '@fastify/cookie'
import session from '@fastify/session'
import view from '@fastify/view'
import { LEVELS, RedisMessageStore } from '@tidings/messages'
import { fastifyMessages } from '@tidings/messages/fastify'
import fastify from 'fastify'
import pug from 'pug'
import { connectAsWeb } from '../tools/redis.mjs'
import { createListing, listingInMemory } from './listing.mjs'

const variant = process.argv[2]
const redis = await connectAsWeb(process.env.REDIS_URL ?? '')
const app = fastify()
await app.register(cookie)
await app.register(session, {
  secret: 'a secret of at least thirty-two characters',
  cookie: { secure: false },
  saveUninitialized: false,
  rolling: false,
  store: {
    get: (id, done) =>
      redis.get(`session:${id}`).then(text => done(null, text === null ? null : JSON.parse(text)), done),
    set: (id, kept, done) => redis.set(`session:${id}`, JSON.stringify(kept)).then(() => done(), done),
    destroy: (id, done) => redis.del(`session:${id}`).then(() => done(), done),
  },
})
await app.register(view, {
  engine: { pug },
  root: new URL('../../apps/web/views/', import.meta.url).pathname,
  viewExt: 'pug',
  production: true,
})
if (variant === 'plugin') {
  const { PREFIX: prefix = '{tidings}', CAP: cap = '100' } = process.env
  const store = new RedisMessageStore({ redis, prefix, cap: Number(cap) })
  await app.register(fastifyMessages, { store, owner: request => request.session.get('userId') })
}

app.post('/login/:user', async (request, reply) => {
  request.session.set('userId', request.params.user)
  return reply.send('ok')
})

for (const [path, listing] of [
  ['/', createListing(redis)],
  ['/memory', listingInMemory],
])
  app.get(path, async (request, reply) => {
    const user = request.session.get('userId')
    const model = await listing(user)
    if (variant === 'hand') model.messages = await waiting(user)
    const html = await reply.viewAsync('listing', model)
    return reply.type('text/html; charset=utf-8').send(html)
  })

/** What one would write by hand: the worker pushes, the page pops. */
async function waiting(user) {
  if (user === undefined) return []
  const records = (await redis.lpop(`hand:${user}`, 10)) ?? []
  return records.map(record => {
    const message = JSON.parse(record)
    return { ...message, tags: tagOf(message.level) }
  })
}

function tagOf(level) {
  return Object.entries(LEVELS)
    .find(([, number]) => number === level)?.[0]
    .toLowerCase()
}

process.on('message', () => {
  // What the last pages have still to say to Redis is part of them; answers come in order.
  setImmediate(async () => {
    await redis.ping()
    process.send?.({ cpu: process.cpuUsage(), rss: process.memoryUsage.rss() })
  })
})
process.on('disconnect', () => process.exit())
await app.listen({ port: 0, host: '127.0.0.1' })
process.send?.({ port: app.server.address().port })
