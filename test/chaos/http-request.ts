import { type Agent, request } from 'node:http'

/** A request as a browser sends it. */
export interface SentRequest {
  readonly method: 'GET' | 'POST'
  readonly url: URL
  readonly cookie: string
  readonly agent: Agent
  readonly body?: string
  /** The body's. */
  readonly type?: string
}

/** An answer that arrived whole. */
export interface Answer {
  readonly status: number
  readonly body: string
  /** Where a redirect leads. */
  readonly location: string
}

const TIME_LIMIT = 5_000

/** Sends a request; rejects when no answer arrives whole in time. */
export function send({ method, url, cookie, agent, body, type }: SentRequest): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = {
      cookie,
      ...(body !== undefined && { 'content-type': type, 'content-length': Buffer.byteLength(body) }),
    }
    const signal = AbortSignal.timeout(TIME_LIMIT)
    const sent = request(url, { method, headers, agent, signal }, response => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', piece => {
        text += piece
      })
      const { statusCode = 0, headers } = response
      response.on('end', () => resolve({ status: statusCode, body: text, location: headers.location ?? '' }))
      response.on('error', reject)
    })
    sent.on('error', reject)
    sent.end(body)
  })
}
