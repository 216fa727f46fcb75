import { Agent } from 'node:http'
import { LEVELS } from '@tidings/messages'
import type { PlannedJob } from '../history/job-plan.ts'
import { type Answer, send } from './http-request.ts'

/** A message as it stood on a page. */
export interface SeenMessage {
  readonly id: string
  readonly job: string | undefined
  readonly level: number
}

/** The level that the last of a message's classes names. */
export function levelOf(classes: string): number {
  return LEVEL_OF[classes.split(' ').at(-1) ?? ''] ?? LEVELS.INFO
}

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
      return {
        id: value('data-message-id') ?? '',
        job: value('data-job'),
        level: levelOf(value('class') ?? ''),
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

  #send(method: 'GET' | 'POST', path: string, user: string, body?: string): Promise<Answer> {
    return send({
      ...{ method, url: new URL(path, this.#address), cookie: `user=${user}`, agent: this.#agent },
      ...(body !== undefined && { body, type: 'application/json' }),
    })
  }
}
