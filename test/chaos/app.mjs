// A small web application with the built packages, started by chaos.ts: node test/chaos/app.mjs
// REDIS_URL: where jobs and messages are. Whoever says in a cookie that they are somebody is believed.
import cookie from '@fastify/cookie'
import session from '@fastify/session'
import view from '@fastify/view'
import { createJobs } from '@tidings/jobs'
import { RedisMessageStore } from '@tidings/messages'
import { fastifyMessages } from '@tidings/messages/fastify'
import { openRedis } from '@tidings/runtime'
import fastify from 'fastify'
import pug from 'pug'
import { endingJob } from '../history/endings.mjs'

const log = { info() {}, warn() {}, error() {}, debug() {}, child: () => log }
const handle = await openRedis({ url: process.env.REDIS_URL, dataDir: '.', log })
const redis = await handle.connect('web')
const store = new RedisMessageStore({ redis })
const job = endingJob()
const jobs = createJobs({ redis, store, definitions: [job], log })

const app = fastify({ forceCloseConnections: true })
await app.register(cookie)
await app.register(session, {
  secret: 'a secret of at least thirty-two characters',
  cookie: { secure: false },
  saveUninitialized: false,
})
await app.register(view, { engine: { pug }, root: import.meta.dirname, production: true })
await app.register(fastifyMessages, { store, owner: request => request.cookies.user })

app.get('/page', (_, reply) => reply.view('page.pug'))
app.post('/jobs', async (request, reply) => {
  const owner = request.cookies.user
  try {
    const { id } = await jobs.enqueue(job, request.body, { owner, idempotencyKey: request.body.label })
    return reply.code(201).send({ id })
  } catch (error) {
    return reply.code(503).send({ message: error.message })
  }
})

const address = await app.listen({ port: 0, host: '127.0.0.1' })
console.log(JSON.stringify({ msg: 'ready', ready: true, address }))
process.once('SIGTERM', async () => {
  await app.close()
  await jobs.close()
  await handle.close()
  process.exit()
})
