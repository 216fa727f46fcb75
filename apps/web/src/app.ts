import { randomBytes } from 'node:crypto'
import fastifyFormbody from '@fastify/formbody'
import fastifyHelmet from '@fastify/helmet'
import fastifyView from '@fastify/view'
import { type Blog, type blogJobs, PostWriter, type User } from '@tidings/blog'
import type { Jobs } from '@tidings/jobs'
import type { RedisMessageStore } from '@tidings/messages'
import { fastifyMessages, liveMessages } from '@tidings/messages/fastify'
import fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import type { Redis } from 'ioredis'
import pug from 'pug'
import { isHttps, type WebConfig } from './config.ts'
import { jobKinds } from './job-kinds/index.ts'
import { levelWord } from './level-word.ts'
import { LoginThrottle } from './login-throttle.ts'
import type { WebMetrics } from './metrics.ts'
import { closeLabel } from './notices.ts'
import { ownAddress } from './own-address.ts'
import { access, userOfSession } from './plugins/access.ts'
import { answerLimit } from './plugins/answer-limit.ts'
import { assets } from './plugins/assets.ts'
import { answerFrameworkError, errors, refuseConnection } from './plugins/errors.ts'
import { ownSite } from './plugins/own-site.ts'
import { RedisSessionStore } from './plugins/redis-session-store.ts'
import { requestLog } from './plugins/request-log.ts'
import { securityHeaders } from './plugins/security-headers.ts'
import { session } from './plugins/session.ts'
import { streamEnds } from './plugins/stream-ends.ts'
import { typedAgain } from './plugins/typed-again.ts'
import { RateLimit } from './rate-limit.ts'
import { accountRoutes } from './routes/account.ts'
import { adminRoutes } from './routes/admin/index.ts'
import { demoRoutes } from './routes/demo.ts'
import { fileRoutes } from './routes/files.ts'
import { healthRoutes } from './routes/health.ts'
import { inboxRoutes } from './routes/inbox.ts'
import { jobRoutes } from './routes/job.ts'
import { jobStreamRoutes } from './routes/job-stream.ts'
import { jobsRoutes } from './routes/jobs.ts'
import { listingRoutes } from './routes/listing.ts'
import { postRoutes } from './routes/posts.ts'
import { sessionRoutes } from './routes/session.ts'
import type { WebTraces } from './traces/web-traces.ts'
import { TypedForms } from './typed-forms.ts'
import { compileViews, VIEWS } from './views.ts'

/** What the site is built of. Whoever made the connection and the job definitions closes them, after the app. */
export interface AppOptions {
  config: Pick<
    WebConfig,
    | 'HOST'
    | 'PORT'
    | 'PUBLIC_URL'
    | 'TRUST_PROXY'
    | 'DEMO'
    | 'LOGINS_PER_MINUTE'
    | 'JOB_STARTS_PER_MINUTE'
    | 'STREAMS_PER_USER'
    | 'REQUEST_SECONDS'
  >
  /** Signs session cookies; at least 32 characters. */
  sessionSecret: string
  log: FastifyBaseLogger
  /** For sessions and the readiness check. */
  redis: Redis
  store: RedisMessageStore
  blog: Blog
  jobs: Jobs
  /** The definitions that `jobs` was made with: each gets its page. */
  definitions: ReturnType<typeof blogJobs>
  /** Before the sessions' keys; default `{tidings}`. */
  prefix?: string
  /** How often open streams are asked, without a hint, whether their session has ended, ms; default 2 s. */
  streamRecheck?: number
  /** Told of requests. */
  metrics?: WebMetrics | undefined
  traces?: WebTraces | undefined
}

const SECOND = 1000
const MINUTE = 60 * SECOND
// A connection on which nothing comes or goes.
const IDLE_LIMIT = MINUTE
// At most so much later than it must be there is a request ended that isn't.
const LATE = 5 * SECOND
// What a page gave back has no hint. Whose a stream is, streamEnds looks after.
const LIVE_RECHECK = 10 * SECOND

/** Builds the web site: plugins, then routes. It doesn't listen. */
export async function buildApp(options: AppOptions): Promise<FastifyInstance> {
  const { config, log, redis, store, blog, jobs, definitions, sessionSecret, prefix = '{tidings}' } = options
  const views = compileViews()
  const writer = new PostWriter({ posts: blog.posts, jobs, publishPost: definitions.publishPost })
  const kinds = jobKinds({ jobs, files: blog.files, definitions: Object.values(definitions) })
  const starts = new RateLimit({
    redis,
    prefix: `${prefix}:job-starts`,
    limit: config.JOB_STARTS_PER_MINUTE,
    window: MINUTE,
  })
  const arrival = config.REQUEST_SECONDS * SECOND
  const app: FastifyInstance = fastify({
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: () => randomBytes(6).toString('hex'),
    // Whoever sets TRUST_PROXY says that this many proxies stand before every client.
    trustProxy: config.TRUST_PROXY > 0 && ((_, hop) => hop < config.TRUST_PROXY),
    bodyLimit: 64 * 1024,
    connectionTimeout: IDLE_LIMIT,
    requestTimeout: arrival,
    http: {
      headersTimeout: Math.min(IDLE_LIMIT, arrival),
      connectionsCheckingInterval: Math.min(LATE, arrival / 2),
    },
    // Of forms, whose body counts: when that is there, `answerLimit` begins.
    handlerTimeout: 10 * SECOND,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    routerOptions: { maxParamLength: 500 },
    clientErrorHandler: refuseConnection,
    frameworkErrors: (error, request, reply) => {
      answerFrameworkError(app, views, error, request, reply).catch(err =>
        request.log.error({ err }, 'no answer'),
      )
    },
  })
  const address = ownAddress({
    publicUrl: config.PUBLIC_URL,
    host: config.HOST,
    port: () => portOf(app) ?? config.PORT,
  })
  const throttle = new LoginThrottle({ redis, prefix, perMinute: config.LOGINS_PER_MINUTE })
  app.decorate('isDemo', config.DEMO)
  options.traces?.follow(app, { isTrusted: config.TRUST_PROXY > 0 })
  options.metrics?.follow(app)

  await app.register(requestLog)
  await app.register(fastifyHelmet, securityHeaders({ https: isHttps(config) }))
  await app.register(errors, { views })
  await app.register(ownSite, { address })
  await app.register(fastifyView, { engine: { pug }, root: VIEWS, viewExt: 'pug', production: true })
  await app.register(assets)
  await app.register(healthRoutes, { redis })

  // Everything that knows people. Outside of it, nothing touches Redis unless it says so.
  await app.register(async pages => {
    pages.removeAllContentTypeParsers()
    await pages.register(answerLimit, { arrival })
    await pages.register(fastifyFormbody)
    const sessions = new RedisSessionStore({ redis, prefix })
    const { users } = blog
    const secure = isHttps(config)
    await pages.register(session, { store: sessions, changes: users.changes, secret: sessionSecret, secure })
    const typed = new TypedForms({ redis, prefix, secret: sessionSecret })
    await pages.register(typedAgain, { typed })
    await pages.register(access, { users, sessions, address })
    await pages.register(streamEnds, { sessions, users, recheck: options.streamRecheck, log })
    await pages.register(fastifyMessages, { store, owner: ({ user }) => ownerOf(user) })
    await pages.register(liveMessages, {
      store,
      owner: async ({ session }) => ownerOf(await userOfSession(session, blog.users)),
      // What a request tells its browser is for the page to which it leads.
      browserMessages: false,
      streamsPerUser: config.STREAMS_PER_USER,
      recheck: LIVE_RECHECK,
      render: ({ level, text }) => ({ word: levelWord(level), close: closeLabel(text) }),
      // To visitors the stream says that there is nothing for them, and not where to log in.
      config: { access: 'open', background: true, quiet: true, isStream: true },
    })
    await pages.register(listingRoutes, { posts: blog.posts })
    await pages.register(postRoutes, { posts: blog.posts, writer, starts })
    await pages.register(sessionRoutes, { users: blog.users, throttle, typed })
    await pages.register(accountRoutes, { users: blog.users, throttle })
    await pages.register(jobsRoutes, { jobs, kinds, starts, views })
    await pages.register(jobRoutes, { jobs, kinds, starts, views })
    await pages.register(jobStreamRoutes, { jobs, kinds, views })
    await pages.register(fileRoutes, { files: blog.files, jobs, kinds })
    await pages.register(inboxRoutes, { store })
    await pages.register(adminRoutes, { blog, store, jobs, kinds, throttle })
    if (config.DEMO) await pages.register(demoRoutes)
  })
  return app
}

/** Nobody gets what was written to everyone before they had an account. */
function ownerOf(user: User | undefined) {
  return user && { id: user.id, since: user.createdAt }
}

function portOf(app: FastifyInstance): number | undefined {
  const address = app.server.address()
  return typeof address === 'object' && address !== null ? address.port : undefined
}
