import { once } from 'node:events'
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import cookie from '@fastify/cookie'
import session from '@fastify/session'
import view from '@fastify/view'
import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import pug from 'pug'
import { type FastifyMessagesOptions, fastifyMessages } from '../src/fastify.ts'
import type { MessageStore } from '../src/index.ts'
import { type LiveMessagesOptions, liveMessages } from '../src/live.ts'

const PAGE = `doctype html
html
  head
    meta(name='csrf-token' content='the token')
  body
    input#field
    p(data-live-more='{count} more' hidden)
    div(role='alert' aria-atomic='false' data-live-alerts)
    div(aria-live='polite' data-live-messages='/messages/stream' data-confirm='/messages/confirm' data-reader=reader)
      if messages.length
        ul.messages
          each message in messages
            li(class=message.tags data-message-id=message.id)= message.text
    script(type='module' src='/live.js')
`

interface Running {
  app: FastifyInstance
  address: string
  ownerOf(request: FastifyRequest): string | undefined
}

/** An application with sessions, one page and the live part, that listens. `GET /login/:user` logs in. */
export async function startLiveApp({
  store,
  page = PAGE,
  locals = () => ({}),
  prepare,
  translate = () => undefined,
  ...options
}: {
  store: MessageStore
  page?: string
  locals?: (owner: string | undefined) => object
  /** Called before the live part is registered. */
  prepare?: (app: FastifyInstance) => void
  /** Of the plugin. */
  translate?: FastifyMessagesOptions['translate']
} & Partial<Omit<LiveMessagesOptions, 'store'>>): Promise<Running> {
  const app = fastify()
  const ownerOf = ({ session }: FastifyRequest) => session?.get('userId')
  await app.register(cookie)
  await app.register(session, {
    secret: 'a secret of at least thirty-two characters',
    cookie: { secure: false },
    saveUninitialized: false,
  })
  await app.register(view, { engine: { pug }, root: import.meta.dirname })
  await app.register(fastifyMessages, { store, owner: ownerOf, translate })
  prepare?.(app)
  await app.register(liveMessages, { store, owner: ownerOf, ...options })
  app.get('/page', (request, reply) => reply.view({ raw: page } as never, locals(ownerOf(request))))
  app.post<{ Querystring: { text: string } }>('/add', async request => {
    request.messages.info(request.query.text)
    return {}
  })
  app.get<{ Params: { user: string } }>('/login/:user', async (request, reply) => {
    await request.session.regenerate(['messages'])
    request.session.set('userId', request.params.user)
    return reply.send('ok')
  })
  app.get('/switch/:user', async request => {
    request.session.set('userId', (request.params as { user: string }).user)
    return {}
  })
  app.get('/logout', async (request, reply) => {
    await request.session.destroy()
    return reply.send('ok')
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  return { app, address: `http://127.0.0.1:${port}`, ownerOf }
}

/** A browser as far as this needs one: it keeps its cookie. */
export class Visitor {
  readonly #address: string
  cookie = ''

  constructor(address: string) {
    this.#address = address
  }

  async send(path: string, { headers, ...init }: RequestInit = {}): Promise<Response> {
    const answer = await fetch(this.#address + path, {
      ...init,
      headers: { cookie: this.cookie, ...(headers as Record<string, string>) },
    })
    const [set] = answer.headers.getSetCookie()
    if (set) this.cookie = set.slice(0, set.indexOf(';'))
    return answer
  }

  async login(user: string): Promise<this> {
    await (await this.send(`/login/${user}`)).text()
    return this
  }

  /** The ids of the messages on a page. */
  async page(): Promise<string[]> {
    const body = await (await this.send('/page')).text()
    return [...body.matchAll(/data-message-id="(\w+)"/g)].map(([, id = '']) => id)
  }

  confirm(ids: readonly unknown[], headers: Record<string, string> = {}): Promise<Response> {
    return this.send('/messages/confirm', {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ ids }),
    })
  }

  stream(headers: Record<string, string> = {}): Promise<OpenStream> {
    return OpenStream.open(`${this.#address}/messages/stream`, { cookie: this.cookie, ...headers })
  }
}

export interface StreamEvent {
  event: string
  id: string | undefined
  data: string
}

/** A client's end of a stream. */
export class OpenStream {
  readonly request: ClientRequest
  readonly response: IncomingMessage
  /** All that came, as it came. */
  raw = ''
  hasEnded = false

  private constructor(request: ClientRequest, response: IncomingMessage) {
    this.request = request
    this.response = response
    response.setEncoding('utf8').on('error', () => {})
    response.on('close', () => {
      this.hasEnded = true
    })
  }

  static async open(url: string, headers: Record<string, string>): Promise<OpenStream> {
    const request = httpRequest(url, { headers, agent: false })
    request.on('error', () => {})
    const [response] = (await once(request.end(), 'response')) as [IncomingMessage]
    return new OpenStream(request, response).#read()
  }

  #read(): this {
    this.response.on('data', chunk => {
      this.raw += chunk
    })
    return this
  }

  /** Reads the events by the rules for `text/event-stream`. */
  get events(): StreamEvent[] {
    const blocks = this.raw.split(/\r\n\r\n|\n\n|\r\r/).slice(0, -1)
    return blocks.flatMap(block => {
      const found: Record<string, string> = {}
      for (const line of block.split(/\r\n|\n|\r/)) {
        const [, field = '', value = ''] = /^([^:]*):? ?(.*)$/s.exec(line) ?? []
        if (field) found[field] = field === 'data' && found.data ? `${found.data}\n${value}` : value
      }
      return found.data === undefined
        ? []
        : [{ event: found.event ?? 'message', id: found.id, data: found.data }]
    })
  }

  /** The messages that came. */
  get messages(): { id: string; text: string; [field: string]: unknown }[] {
    return this.events.filter(({ event }) => event === 'message').map(({ data }) => JSON.parse(data))
  }

  get texts(): string[] {
    return this.messages.map(({ text }) => text)
  }

  /** The message at an index, when it has come. */
  async message(index: number): Promise<{ id: string; text: string }> {
    for (;;) {
      const found = this.messages[index]
      if (found) return found
      await once(this.response, 'data')
    }
  }

  close(): void {
    this.request.destroy()
  }
}
