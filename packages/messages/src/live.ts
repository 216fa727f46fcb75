import type {
  FastifyContextConfig,
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  RouteOptions,
} from 'fastify'
import { z } from 'zod'
import { messageEvent } from './live-event.ts'
import { isSameReader, liveReader, readerMark } from './live-reader.ts'
import { LiveStreams } from './live-streams.ts'
import type { Message } from './message.ts'
import type { MessageStore, Reader } from './message-store.ts'
import type { Owner } from './request-reader.ts'
import { withinTime } from './within-time.ts'

const SECOND = 1000
const MAX_IDS = 100
const CONFIRM_BODY_LIMIT = 16 * 1024
// A page of ours within one second, whatever the store does.
const CONFIRM_TIME_LIMIT = SECOND / 2
const RETRY_AFTER_SECONDS = 5

/** Options of {@link liveMessages}. */
export interface LiveMessagesOptions {
  /** Where messages wait: the plugin's own store. */
  store: Pick<MessageStore, 'unread' | 'read' | 'watch'>
  /**
   * Who is logged in, as for the plugin, but it may be asynchronous. It is asked again while a stream is open, after a session
   * that can `reload()` was loaded anew, so it must not answer from what a hook of the first request remembers.
   */
  owner(request: FastifyRequest): Owner | Promise<Owner>
  /**
   * Whether streams bring what waits for the reader's browser, too: what its own requests have added; default true. `false`
   * leaves that for the page to which the request leads, and then visitors have no stream.
   */
  browserMessages?: boolean
  /** Open streams of one owner (or visitor's browser) in this process; default 5. One more ends their oldest. */
  streamsPerUser?: number
  /** Open streams in this process; default 5,000. One more is answered 503. */
  streamsPerProcess?: number
  /** How often an idle stream shows that it is alive, ms; default 25 s. Keep it below every time-out on the way. */
  heartbeat?: number
  /** How often a stream asks who its reader is, and looks into the store without a hint, ms; default 30 s. */
  recheck?: number
  /** How long a client may leave unread what was written to it, ms; default 30 s. Then its stream is dropped. */
  drainWithin?: number
  /** Where the stream is; default `/messages/stream`. */
  path?: string
  /** Where ids are confirmed; default `/messages/confirm`. */
  confirmPath?: string
  /** Fields to add to a message's event, or to say in another way. It is given the message as its reader sees it; `id` stays. */
  render?(message: Message, request: FastifyRequest): Record<string, unknown>
  /** Hooks of the confirm route, such as the application's CSRF check: the route itself checks no token. */
  preHandler?: RouteOptions['preHandler']
  /** The `config` of both routes, for hooks that look at it. `messages: false` is added. */
  config?: FastifyContextConfig
}

const time = z.int().min(10).optional()
const path = z.string().startsWith('/').optional()
const optionsSchema = z.object({
  store: z.object({ unread: z.function(), read: z.function(), watch: z.function() }),
  owner: z.function(),
  browserMessages: z.boolean().optional(),
  streamsPerUser: z.int().min(1).optional(),
  streamsPerProcess: z.int().min(1).optional(),
  heartbeat: time,
  recheck: time,
  drainWithin: time,
  path,
  confirmPath: path,
  render: z.function().optional(),
})

const confirmSchema = z.object({ ids: z.array(z.string().min(1).max(64)).max(MAX_IDS) })

/**
 * Messages on pages that are already open: `GET /messages/stream` brings what is unread as server-sent events, and
 * consumes nothing; `POST /messages/confirm` with `{ "ids": [...] }` says what a visible tab has shown. Register it after
 * `fastifyMessages`. The CSRF check of the POST is the application's: by a hook on all its routes, or by `preHandler`.
 * @throws TypeError for options that it can't work with.
 */
export async function liveMessages(app: FastifyInstance, options: LiveMessagesOptions): Promise<void> {
  const checked = optionsSchema.safeParse(options)
  if (!checked.success) throw new TypeError(`liveMessages: ${z.prettifyError(checked.error)}`)
  if (!app.hasRequestDecorator('messages'))
    throw new TypeError('liveMessages: register fastifyMessages before it, outside of it')
  const { store, owner, streamsPerUser = 5, streamsPerProcess = 5000, render, preHandler = [] } = options
  const { heartbeat = 25 * SECOND, recheck = 30 * SECOND, drainWithin = 30 * SECOND } = options
  const config = { ...options.config, messages: false }
  const streams = new LiveStreams({ perReader: streamsPerUser, atMost: streamsPerProcess })
  app.addHook('preClose', async () => streams.close())

  // The only body that this part of the application takes.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(
    'application/json',
    { parseAs: 'string' },
    app.getDefaultJsonParser('error', 'error'),
  )

  const streamPath = options.path ?? '/messages/stream'
  app.get(streamPath, { config, exposeHeadRoute: false }, async (request, reply) => {
    reply.header('cache-control', 'private, no-store, no-transform')
    if (!isFromOwnSite(request)) return refuse(reply, 'FOREIGN_SITE')
    const reader = await streamReader(request, { again: false })
    // To a browser this says: don't ask again.
    if (!reader) return reply.code(204).send()
    if (streams.isFull) return refuse(reply, 'TOO_MANY_STREAMS')
    if (reply.raw.destroyed || reply.raw.closed) return reply.hijack()

    reply.hijack()
    reply.raw.writeHead(200, {
      ...(reply.getHeaders() as Record<string, string>),
      'content-type': 'text/event-stream',
      'x-accel-buffering': 'no',
      // A connection that has carried a stream would stay idle, and keep a closing server waiting.
      ...(request.raw.httpVersionMajor === 1 ? { connection: 'close' } : {}),
    })
    const mark = readerMark(reader.owner)
    streams.open({
      response: reply.raw,
      store,
      reader,
      isSameReader: async () => isSameReader(reader, await streamReader(request, { again: true })),
      event: message => eventOf(message, mark, request),
      heartbeat,
      recheck,
      drainWithin,
      log: request.log,
    })
    return reply
  })

  const confirmPath = options.confirmPath ?? '/messages/confirm'
  const confirmRoute = { config, preHandler, bodyLimit: CONFIRM_BODY_LIMIT }
  app.post(confirmPath, confirmRoute, async (request, reply) => {
    reply.header('cache-control', 'private, no-store')
    if (!isFromOwnSite(request)) return refuse(reply, 'FOREIGN_SITE')
    const body = confirmSchema.safeParse(request.body)
    if (!body.success) return refuse(reply, 'IDS_EXPECTED')
    const reader = await liveReader(request, owner, { again: false })
    if (!reader) return refuse(reply, 'NOBODY')
    try {
      await withinTime(CONFIRM_TIME_LIMIT, store.read(reader, body.data.ids))
      return reply.code(204).send()
    } catch (err) {
      request.log.error({ err, messages: body.data.ids.length }, 'shown messages could not be confirmed')
      return refuse(reply, 'STORE_AWAY')
    }
  })

  async function streamReader(
    request: FastifyRequest,
    when: { again: boolean },
  ): Promise<Reader | undefined> {
    const reader = await liveReader(request, owner, when)
    if (options.browserMessages !== false || reader === undefined) return reader
    return reader.owner === undefined ? undefined : { ...reader, browser: undefined }
  }

  function eventOf(message: Message, mark: string, request: FastifyRequest): string {
    const shown = request.messages.asShown(message)
    try {
      return messageEvent(shown, mark, render?.(shown, request))
    } catch (err) {
      request.log.error({ err, message: message.id }, 'a message is sent without what render() adds')
      return messageEvent(shown, mark)
    }
  }
}

const REFUSALS = {
  FOREIGN_SITE: [403, 'Forbidden', 'Only pages of this site may ask for this.'],
  NOBODY: [401, 'Unauthorized', 'Nobody is logged in, and this browser has no messages.'],
  IDS_EXPECTED: [400, 'Bad Request', `Expected { "ids": [...] } with up to ${MAX_IDS} ids of messages.`],
  TOO_MANY_STREAMS: [503, 'Service Unavailable', 'Too many streams are open. Try again later.'],
  STORE_AWAY: [503, 'Service Unavailable', 'The messages could not be confirmed. Try again later.'],
} as const

/** Answers by itself: these are read by scripts, and an application's error page is no use to them. */
function refuse(reply: FastifyReply, code: keyof typeof REFUSALS): FastifyReply {
  const [statusCode, error, message] = REFUSALS[code]
  if (statusCode === 503) reply.header('retry-after', RETRY_AFTER_SECONDS)
  return reply.code(statusCode).send({ statusCode, code: `TIDINGS_LIVE_${code}`, error, message })
}

/** Browsers say where a request comes from; other clients don't, and have no cookies that somebody could ride on. */
function isFromOwnSite({ headers }: FastifyRequest): boolean {
  const site = headers['sec-fetch-site']
  return site === undefined || site === 'same-origin'
}
