/** A page as a visitor got it. */
export interface Page {
  readonly status: number
  readonly body: string
  readonly headers: Headers
  /** Where a redirect leads. */
  readonly location: string
  /** The messages on it, as text with their tags before them. */
  readonly messages: string[]
}

/** Somebody with a browser that runs no scripts: it keeps cookies, fills in forms, and follows no redirect by itself. */
export class Visitor {
  readonly #address: string
  readonly #cookies: Map<string, string>

  constructor(address: string, cookies = new Map<string, string>()) {
    this.#address = address
    this.#cookies = cookies
  }

  /** The same browser at another of the site's processes. */
  at(address: string): Visitor {
    return new Visitor(address, this.#cookies)
  }

  /** A browser with the cookies that this one has now. */
  copy(): Visitor {
    return new Visitor(this.#address, new Map(this.#cookies))
  }

  /** As it is sent. */
  get cookie(): string {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  }

  /** Somebody who has logged in. */
  static async loggedIn(address: string, username: string, password = 'tidings-demo'): Promise<Visitor> {
    const visitor = new Visitor(address)
    const { status, body } = await visitor.submit('/login', '/login', { username, password })
    if (status !== 303) throw new Error(`${username} could not log in: ${status} ${body.slice(0, 500)}`)
    return visitor
  }

  async get(path: string, headers: Record<string, string> = {}): Promise<Page> {
    return this.#send(path, { headers })
  }

  /** Opens what goes on for as long as the signal lets it, such as a stream. */
  async open(path: string, signal: AbortSignal): Promise<Response> {
    return fetch(new URL(path, this.#address), { headers: { cookie: this.cookie }, signal })
  }

  /** Opens a page, fills in the form on it that goes to `action`, and sends it. */
  async submit(page: string, action: string, fields: Record<string, string | File>): Promise<Page> {
    const { hidden, multipart } = await this.form(page, action)
    return this.post(action, { ...hidden, ...fields }, { multipart })
  }

  /** Opens a page and looks for the form on it that goes to `action`: its hidden fields. */
  async form(page: string, action: string): Promise<{ hidden: Record<string, string>; multipart: boolean }> {
    const { body } = await this.get(page)
    const form = new RegExp(`<form[^>]*action="${action}"[^>]*>(.*?)</form>`, 's').exec(body)
    if (!form) throw new Error(`${page} has no form that goes to ${action}:\n${body}`)
    const hidden = [...(form[1] ?? '').matchAll(/<input[^>]*type="hidden"[^>]*>/g)].map(([input]) => [
      attribute(input, 'name'),
      attribute(input, 'value'),
    ])
    return { hidden: Object.fromEntries(hidden), multipart: form[0].includes('multipart/form-data') }
  }

  async post(path: string, fields: Record<string, string | File>, { multipart = false } = {}): Promise<Page> {
    if (!multipart)
      return this.#send(path, { method: 'POST', body: new URLSearchParams(fields as Record<string, string>) })
    const body = new FormData()
    for (const [name, value] of Object.entries(fields)) body.append(name, value)
    return this.#send(path, { method: 'POST', body })
  }

  /** Sends JSON, as a page's script does. */
  async postJson(path: string, body: object): Promise<Page> {
    return this.#send(path, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    })
  }

  async #send(path: string, init: RequestInit): Promise<Page> {
    const headers = new Headers(init.headers)
    headers.set('cookie', this.cookie)
    const response = await fetch(new URL(path, this.#address), { ...init, headers, redirect: 'manual' })
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
      this.#cookies.set(name, value)
    }
    const body = await response.text()
    return {
      status: response.status,
      body,
      headers: response.headers,
      location: response.headers.get('location') ?? '',
      messages: messagesIn(body),
    }
  }
}

function messagesIn(body: string): string[] {
  const list = /<ul[^>]*class="messages"[^>]*>(.*?)<\/ul>/s.exec(body)?.[1] ?? ''
  return [...list.matchAll(/<li[^>]*class="([^"]*)"[^>]*>(.*?)<\/li>/gs)].map(
    ([, tags, html = '']) => `${tags}: ${textOf(html)}`,
  )
}

/** What a reader sees of some HTML. */
export function textOf(html: string): string {
  const entities: Record<string, string> = { lt: '<', gt: '>', amp: '&', quot: '"', '#39': "'" }
  return html
    .replace(/<[^>]*>/g, ' ')
    .replace(/&(\w+|#39);/g, (whole, name) => entities[name] ?? whole)
    .replace(/\s+/g, ' ')
    .trim()
}

function attribute(tag: string, name: string): string {
  return new RegExp(` ${name}="([^"]*)"`).exec(tag)?.[1] ?? ''
}
