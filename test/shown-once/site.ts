import { once } from 'node:events'
import { Agent, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import { expect, inject } from 'vitest'
import { start, type TidingsProcess } from '../process.ts'

export type StoreName = 'redis' | 'list-then-delete' | 'one-value'

/** A response that arrived whole. */
export interface Arrived {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
  /** The texts of the messages in it. */
  readonly texts: string[]
}

export interface WebOptions {
  readonly prefix: string
  readonly store: StoreName
  /** ms; default 10 s. */
  readonly lease?: number
}

/** One web process of the site under test, and what visitors do with it. */
export class Web {
  readonly #process: TidingsProcess
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 60 })
  readonly address: string

  private constructor(process: TidingsProcess, address: string) {
    this.#process = process
    this.address = address
  }

  static async start({ prefix, store, lease = 10_000 }: WebOptions): Promise<Web> {
    const process = start(['test/shown-once/app.mjs'], {
      REDIS_URL: inject('redisUrl'),
      PREFIX: prefix,
      STORE: store,
      LEASE: String(lease),
    })
    const { address } = await process.logged(({ ready }) => ready === true)
    return new Web(process, String(address))
  }

  /** Opens a path as this user and takes all of what comes. */
  async open(user: string, path = '/page', headers: Record<string, string> = {}): Promise<Arrived> {
    return this.#ask('GET', path, { cookie: `user=${user}`, ...headers })
  }

  async head(user: string, path: string): Promise<Arrived> {
    return this.#ask('HEAD', path, { cookie: `user=${user}` })
  }

  /** Asks for a path and goes away: on a cue, or when it has this part of the body. */
  async leave(user: string, path: string, when: { part: number } | { cue: Promise<unknown> }): Promise<void> {
    const request = httpRequest(new URL(path, this.address), { headers: { cookie: `user=${user}` } }).end()
    request.on('error', () => {})
    if ('cue' in when) await when.cue
    else {
      const [response]: [IncomingMessage] = (await once(request, 'response')) as [IncomingMessage]
      const enough = Math.floor(Number(response.headers['content-length']) * when.part)
      let came = 0
      for await (const piece of response) {
        came += piece.length
        if (came >= enough) break
      }
    }
    request.destroy()
  }

  /** Has messages posted to this user by this process. */
  async post(user: string, texts: readonly string[]): Promise<void> {
    await this.send('/post', { to: user, texts })
  }

  async send(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Arrived> {
    const text = JSON.stringify(body)
    return this.#ask('POST', path, { 'content-type': 'application/json', ...headers }, text)
  }

  /** How many messages the store still has for this user. */
  async waiting(user: string): Promise<number> {
    const { body } = await this.#ask('GET', `/waiting/${user}`, {})
    return JSON.parse(body).waiting
  }

  /** Holds whoever comes by this gate from now on. */
  async hold(gate: string): Promise<void> {
    await this.#ask('PUT', `/gates/${gate}`, {})
  }

  async openGate(gate: string): Promise<void> {
    await this.#ask('DELETE', `/gates/${gate}`, {})
  }

  /** Waits until so many requests stand at a gate. */
  async atGate(gate: string, count = 1): Promise<void> {
    await this.#untilGate(gate, 'waiting', count)
  }

  /** Waits until the process knows that the client of a request that stands at a gate has gone. */
  async hasLeft(gate: string): Promise<void> {
    await this.#untilGate(gate, 'left', 1)
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    // The process first: a client that hangs up would be another case.
    await this.#process.end(signal)
    this.#agent.destroy()
  }

  async #untilGate(gate: string, what: 'waiting' | 'left', count: number): Promise<void> {
    const standing = async () => JSON.parse((await this.#ask('GET', `/gates/${gate}`, {})).body)[what]
    await expect.poll(standing, { interval: 5 }).toBeGreaterThanOrEqual(count)
  }

  async #ask(method: string, path: string, headers: Record<string, string>, body?: string): Promise<Arrived> {
    const request = httpRequest(new URL(path, this.address), { method, headers, agent: this.#agent })
    request.end(body)
    const [response]: [IncomingMessage] = (await once(request, 'response')) as [IncomingMessage]
    const pieces: Buffer[] = []
    for await (const piece of response) pieces.push(piece)
    const text = Buffer.concat(pieces).toString()
    return {
      status: response.statusCode ?? 0,
      headers: response.headers,
      body: text,
      texts: [...text.matchAll(/data-message-id[^>]*>([^<]*)</g)].map(([, message = '']) => message),
    }
  }
}
