import { Agent, request } from 'node:http'
import { LEVELS } from '@tidings/messages'
import type { PlannedJob } from '../history/job-plan.ts'

/** A message as it stood on a page. */
export interface SeenMessage {
  readonly id: string
  readonly job: string | undefined
  readonly level: number
}

const TIME_LIMIT = 5_000
const LEVEL_OF: Readonly<Record<string, number>> = {
  error: LEVELS.ERROR,
  warning: LEVELS.WARNING,
  success: LEVELS.SUCCESS,
}

/** What a browser does with one web process. */
export class Tab {
  readonly #address: string
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 50 })

  constructor(address: string) {
    this.#address = address
  }

  /** Opens a page as this user; the messages on it. Rejects when it didn't arrive whole. */
  async open(user: string): Promise<SeenMessage[]> {
    const { body } = await this.#send('GET', '/page', user)
    return [...body.matchAll(/<li([^>]*)>/g)].map(([, attributes = '']) => {
      const value = (name: string) => new RegExp(`${name}="([^"]*)"`).exec(attributes)?.[1]
      const tags = value('class')?.split(' ') ?? []
      return {
        id: value('data-message-id') ?? '',
        job: value('data-job'),
        level: LEVEL_OF[tags.at(-1) ?? ''] ?? LEVELS.INFO,
      }
    })
  }

  /** Asks for a job; its id. Rejects where no answer says that it was taken. */
  async ask({ label, owner, ending, ms }: PlannedJob): Promise<string> {
    const { status, body } = await this.#send('POST', '/jobs', owner, JSON.stringify({ label, ending, ms }))
    if (status !== 201) throw new Error(`${status}: ${body}`)
    return JSON.parse(body).id
  }

  close(): void {
    this.#agent.destroy()
  }

  #send(
    method: string,
    path: string,
    user: string,
    body?: string,
  ): Promise<{ status: number; body: string }> {
    return new Promise((resolve, reject) => {
      const headers = {
        cookie: `user=${user}`,
        ...(body !== undefined && {
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
        }),
      }
      const sent = request(
        new URL(path, this.#address),
        { method, headers, agent: this.#agent, timeout: TIME_LIMIT },
        response => {
          let text = ''
          response.setEncoding('utf8')
          response.on('data', piece => {
            text += piece
          })
          response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }))
          response.on('error', reject)
        },
      )
      sent.on('timeout', () => sent.destroy(new Error('no answer in time')))
      sent.on('error', reject)
      sent.end(body)
    })
  }
}
