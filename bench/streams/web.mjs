// The site itself, as one web process: only its passwords are cheap, because two thousand people log in.
import { blogJobs, createBlog } from '@tidings/blog'
import { createJobs } from '@tidings/jobs'
import { RedisMessageStore } from '@tidings/messages'
import { createLogger } from '@tidings/runtime'
import { buildApp } from '../../apps/web/dist/app.js'
import { webConfig } from '../../apps/web/dist/config.js'
import { connectAsWeb } from '../tools/redis.mjs'

const redis = await connectAsWeb(process.env.REDIS_URL ?? '')
const log = createLogger({ name: 'web', level: 'error' })
const config = webConfig({ ...process.env, DEMO: '1', PORT: '0' })
const store = new RedisMessageStore({ redis })
const blog = createBlog({ redis, passwordCost: 2 ** 10 })
const definitions = blogJobs(blog, { demo: true })
const jobs = createJobs({ redis, store, definitions: Object.values(definitions), log })
const app = await buildApp({
  config,
  sessionSecret: 'a secret of at least thirty-two characters',
  log,
  redis,
  store,
  blog,
  jobs,
  definitions,
})
process.on('message', () => process.send?.({ cpu: process.cpuUsage(), rss: process.memoryUsage.rss() }))
process.on('disconnect', () => process.exit())
await app.listen({ port: 0, host: '127.0.0.1' })
process.send?.({ port: app.server.address().port })
