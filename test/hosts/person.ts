import { randomUUID } from 'node:crypto'
import { Agent } from 'node:http'
import { vi } from 'vitest'
import { type Answer, send } from '../chaos/http-request.ts'
import { levelOf } from '../chaos/tab.ts'
import type { EndingName } from '../history/endings.mjs'
import type { PlannedJob } from '../history/job-plan.ts'
import { Visitor } from '../visitor.ts'

/** A message as it stood on a page. */
export interface ReadMessage {
  readonly id: string
  /** The label of the job that it tells of; undefined where it tells of none. */
  readonly label: string | undefined
  readonly level: number
}

// What the demo job has to be told, that it ends so.
const OUTCOMES: Partial<Record<EndingName, string>> = {
  success: 'succeed',
  partial: 'partial',
  refuses: 'fail',
  flaky: 'flaky',
  'kills-always': 'crash',
}

/** Somebody with an account, logged in at one of the site's web processes and thereby at all of them. */
export class Person {
  /** The account's. */
  readonly id: string
  readonly #cookie: string
  readonly #csrf: string
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 20 })
  // A form keeps its key however often it is sent.
  readonly #keys = new Map<string, string>()

  private constructor(id: string, cookie: string, csrf: string) {
    this.id = id
    this.#cookie = cookie
    this.#csrf = csrf
  }

  static async loggedIn(id: string, name: string, password: string, address: string): Promise<Person> {
    // A busy machine may well be told that messages are delayed: nobody gives up at that.
    const patience = { timeout: 30_000, interval: 200 }
    const visitor = await vi.waitFor(() => Visitor.loggedIn(address, name, password), patience)
    const { hidden } = await vi.waitFor(() => visitor.form('/jobs', '/jobs/demo'), patience)
    return new Person(id, visitor.cookie, hidden._csrf ?? '')
  }

  /** Opens the front page; the messages on it. Rejects when it didn't arrive whole. */
  async open(address: string): Promise<ReadMessage[]> {
    const { status, body } = await this.#send('GET', address, '/')
    if (status !== 200) throw new Error(`the page is ${status}`)
    return [...body.matchAll(/<li class="([^"]*)" data-message-id="([^"]*)".*?<bdi[^>]*>(.*?)<\/bdi>/gs)].map(
      ([, classes = '', id = '', text = '']) => ({
        id,
        label: /“(.*?)”/.exec(text)?.[1],
        level: levelOf(classes),
      }),
    )
  }

  /** Sends a form that starts a job; its id. Rejects where no answer says that it was taken. */
  async ask({ label, ending, ms }: PlannedJob, address: string): Promise<string> {
    const idempotencyKey = this.#keys.get(label) ?? randomUUID()
    this.#keys.set(label, idempotencyKey)
    const outcome = OUTCOMES[ending] ?? 'succeed'
    const fields = { _csrf: this.#csrf, idempotencyKey, label, outcome, seconds: String(ms / 1000) }
    const { status, location } = await this.#send('POST', address, '/jobs/demo', fields)
    const id = /^\/jobs\/([\w-]+)$/.exec(location)?.[1]
    if (status !== 303 || id === undefined) throw new Error(`the job was not taken: ${status} ${location}`)
    return id
  }

  leave(): void {
    this.#agent.destroy()
  }

  #send(
    method: 'GET' | 'POST',
    address: string,
    path: string,
    fields?: Record<string, string>,
  ): Promise<Answer> {
    return send({
      ...{ method, url: new URL(path, address), cookie: this.#cookie, agent: this.#agent },
      ...(fields && {
        body: new URLSearchParams(fields).toString(),
        type: 'application/x-www-form-urlencoded',
      }),
    })
  }
}
