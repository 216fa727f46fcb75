import { blogJobs, createBlog, seedDemo } from '@tidings/blog'
import { createJobs } from '@tidings/jobs'
import { RedisMessageStore } from '@tidings/messages'
import {
  createLogger,
  loadEnvFile,
  openRedis,
  openTracing,
  preflight,
  printFatal,
  serveHealth,
  type Tracing,
} from '@tidings/runtime'
import { stopRequests } from '@tidings/runtime/supervisor'
import type { FastifyInstance } from 'fastify'
import { buildApp } from './app.ts'
import { webConfig } from './config.ts'
import { listen } from './listen.ts'
import { answersInTime } from './routes/health.ts'
import { sessionSecret } from './session-secret.ts'

/** How long open requests may take to finish after a signal to stop, in milliseconds. */
const GRACE = 10_000
/** How long the rest may take, in milliseconds. */
const LAST = 5_000

const stop = stopRequests()
stop.second.then(signal => process.exit(signal === 'SIGINT' ? 130 : 143))

try {
  process.exitCode = await serve()
} catch (error) {
  printFatal(error)
}
// Whatever a library still holds open must not keep a finished process alive.
setTimeout(() => process.exit(), 1000).unref()

async function serve(): Promise<number> {
  loadEnvFile()
  const config = webConfig(process.env)
  let tracing: Tracing | undefined
  const log = createLogger({ name: 'web', level: config.LOG_LEVEL, facts: () => tracing?.facts() })
  const secret = config.SESSION_SECRET ?? (await sessionSecret(config.DATA_DIR))
  const connections = await openRedis({ url: config.REDIS_URL, dataDir: config.DATA_DIR, log })
  tracing = await openTracing({ service: 'tidings-web', log })
  try {
    const redis = await connections.connect('web')
    await preflight(redis, connections.description, log)
    const metrics =
      config.HEALTH_PORT === undefined ? undefined : new (await import('./metrics.ts')).WebMetrics()
    const traces = tracing && new (await import('./traces/web-traces.ts')).WebTraces(tracing)
    const kept = {
      redis,
      shards: config.SHARDS,
      onShown: (waited: number) => metrics?.shownAfter(waited),
    }
    const store = traces?.store(kept) ?? new RedisMessageStore(kept)
    const blog = createBlog({ redis })
    const definitions = blogJobs(blog, { demo: config.DEMO })
    const jobs = createJobs({
      redis,
      store,
      definitions: Object.values(definitions),
      log,
      ...(tracing && { telemetry: tracing.telemetry }),
    })
    traces?.lookIn(jobs)
    const app = await buildApp({
      config,
      sessionSecret: secret,
      log,
      redis,
      store,
      blog,
      jobs,
      definitions,
      metrics,
      traces,
    })
    if (config.DEMO) await seedDemo(blog)

    const health =
      metrics &&
      (await serveHealth({
        host: config.HOST,
        port: config.HEALTH_PORT ?? 0,
        whyNotReady: async () => ((await answersInTime(redis)) ? undefined : 'Redis does not answer'),
        metrics: () => metrics.read(store.counts, jobs.counts),
      }))
    const address = await listen(app, { host: config.HOST, port: config.PORT })
    const answers = health && { health: health.address }
    log.info({ address, ...answers, redis: connections.description, ready: true }, 'the web server is ready')
    const signal = await stop.first
    log.info({ signal }, 'stopping: open requests may finish')
    await close(app)
    await health?.close()
    await jobs.close()
    return 0
  } finally {
    await Promise.all([connections.close(), tracing?.close()])
  }
}

async function close(app: FastifyInstance): Promise<void> {
  // A connection that was busy when the server closed is kept for a next request, which will not be taken.
  const idle = setInterval(() => app.server.closeIdleConnections(), 100)
  const late = setTimeout(() => app.server.closeAllConnections(), GRACE)
  const hung = setTimeout(() => process.exit(1), GRACE + LAST)
  await app.close()
  clearInterval(idle)
  clearTimeout(late)
  clearTimeout(hung)
}
