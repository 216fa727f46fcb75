import { History, type Verdict } from './history.ts'
import { type Arrived, type StoreName, Web } from './site.ts'

let users = 0

/** Two web processes on one Redis, and the history of what happens in one case. */
export class Scene {
  readonly webs: readonly [Web, Web]
  readonly history = new History()

  constructor(webs: readonly [Web, Web]) {
    this.webs = webs
  }

  /** Starts the two processes. */
  static async webs(options: { prefix: string; store: StoreName; lease?: number }): Promise<[Web, Web]> {
    return Promise.all([Web.start(options), Web.start(options)])
  }

  /** A user whom no other case has. */
  user(): string {
    return `user-${++users}`
  }

  /** Posts through one of the processes, and notes it. */
  async post(user: string, texts: readonly string[], web: Web = this.webs[0]): Promise<void> {
    this.history.posted(user, texts)
    await web.post(user, texts)
  }

  /** Opens a page that its user reads, and notes what stands on it. */
  async read(user: string, { web = this.webs[0], path = '/page' } = {}): Promise<Arrived> {
    const page = await web.open(user, path)
    this.history.shown(user, page.texts)
    return page
  }

  /** Shows all that still waits, by turns of the processes, and says what went wrong. */
  async verdict(webs: readonly Web[] = this.webs): Promise<Verdict> {
    let turn = 0
    const next = () => webs[turn++ % webs.length] ?? this.webs[0]
    await Promise.all(
      this.history.users().map(user =>
        this.history.drain(
          user,
          async () => (await next().open(user)).texts,
          () => next().waiting(user),
        ),
      ),
    )
    return this.history.verdict()
  }
}
