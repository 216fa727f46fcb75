import { type AnyPagedJob, blogJobs, createBlog } from '@tidings/blog'
import { createJobs } from '@tidings/jobs'
import { RedisMessageStore } from '@tidings/messages'
import { createLogger } from '@tidings/runtime'
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify'
import type { Redis } from 'ioredis'
import { afterAll, expect, inject, vi } from 'vitest'
import { testRedis } from '../../../test/redis.ts'
import { type AppOptions, buildApp } from '../src/app.ts'

const HOST = '127.0.0.1:3000'
const PASSWORD = 'correct horse battery'

/** A site with two accounts, alice and bob, on a prefix of its own. It logs into `lines`. */
export async function testSite(
  options: {
    config?: Partial<AppOptions['config']>
    redis?: Redis
    passwordCost?: number
    streamRecheck?: number
    /** Jobs beside the blog's own. */
    more?: Record<string, AnyPagedJob>
  } = {},
) {
  const own = testRedis()
  const redis = options.redis ?? own.redis
  const { prefix } = own
  const lines: Record<string, unknown>[] = []
  const log = createLogger({
    name: 'web',
    level: 'debug',
    format: 'json',
    destination: { write: line => void lines.push(JSON.parse(line)) },
  })
  const store = new RedisMessageStore({ redis, prefix })
  const blog = createBlog({ redis, prefix: `${prefix}:blog`, passwordCost: options.passwordCost ?? 2 ** 10 })
  const definitions = { ...blogJobs(blog, { demo: true }), ...options.more }
  const jobs = createJobs({ redis, store, definitions: Object.values(definitions) })
  const app = await buildApp({
    config: {
      HOST: '127.0.0.1',
      PORT: 3000,
      PUBLIC_URL: undefined,
      TRUST_PROXY: 0,
      DEMO: true,
      LOGINS_PER_MINUTE: 10,
      JOB_STARTS_PER_MINUTE: 1000,
      STREAMS_PER_USER: 5,
      REQUEST_SECONDS: 120,
      ...options.config,
    },
    sessionSecret: 'a secret of at least thirty-two characters',
    log,
    redis,
    store,
    blog,
    jobs,
    definitions,
    prefix,
    ...(options.streamRecheck !== undefined && { streamRecheck: options.streamRecheck }),
  })
  afterAll(async () => {
    await app.close()
    await jobs.close()
  })
  const alice = await blog.users.create({ username: 'alice', password: PASSWORD })
  const bob = await blog.users.create({ username: 'bob', password: PASSWORD })
  /** Somebody new, who has logged in. */
  async function user(username: string) {
    const { id } = await blog.users.create({ username, password: PASSWORD })
    const browser = new Browser(app)
    await browser.logIn(username)
    return { browser, id }
  }
  return {
    app,
    redis,
    prefix,
    store,
    blog,
    jobs,
    definitions,
    lines,
    alice,
    bob,
    user,
    browser: () => new Browser(app),
  }
}

/** A site of {@link testSite}. */
export type Site = Awaited<ReturnType<typeof testSite>>

/** The run's Redis, as an address. */
export function redisUrl(): string {
  return inject('redisUrl')
}

/** Asks like a browser: keeps cookies, says where it comes from, and takes tokens out of forms. */
export class Browser {
  readonly cookies = new Map<string, string>()
  readonly #app: FastifyInstance

  constructor(app: FastifyInstance) {
    this.#app = app
  }

  /** Sends a request; cookies come and go as in a browser. */
  async send(options: InjectOptions): Promise<LightMyRequestResponse> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await this.#app.inject({
      ...options,
      headers: { host: HOST, accept: 'text/html', ...(cookie && { cookie }), ...options.headers },
    })
    for (const { name, value, expires, maxAge } of response.cookies) {
      if (maxAge === 0 || (expires !== undefined && expires.getTime() <= Date.now()))
        this.cookies.delete(name)
      else this.cookies.set(name, encodeURIComponent(value))
    }
    return response
  }

  get(url: string, headers: Record<string, string> = {}): Promise<LightMyRequestResponse> {
    return this.send({ url, headers })
  }

  /** Sends a form's fields as they are. */
  post(url: string, fields: Record<string, string>, headers: Record<string, string> = {}) {
    return this.send({
      method: 'POST',
      url,
      payload: new URLSearchParams(fields).toString(),
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        origin: `http://${HOST}`,
        'sec-fetch-site': 'same-origin',
        ...headers,
      },
    })
  }

  /** Opens a page, fills in the form with this action, and sends it. */
  async submit(page: string, action: string, fields: Record<string, string> = {}) {
    return this.post(action, { ...(await this.form(page, action)), ...fields })
  }

  /** The hidden fields of a form on a page. */
  async form(page: string, action: string): Promise<Record<string, string>> {
    return hiddenFields((await this.get(page)).body, action)
  }

  /** Sends a form that has a file. */
  async upload(
    page: string,
    action: string,
    file: { name: string; content: Buffer | string },
    more: Record<string, string> = {},
  ) {
    const fields = { ...(await this.form(page, action)), ...more }
    const form = multipart(fields, file)
    return this.send({
      method: 'POST',
      url: action,
      ...form,
      headers: { ...form.headers, origin: `http://${HOST}` },
    })
  }

  async logIn(username: string, next?: string) {
    const page = next === undefined ? '/login' : `/login?next=${encodeURIComponent(next)}`
    return this.submit(page, '/login', { username, password: PASSWORD })
  }

  logOut() {
    return this.submit('/', '/logout')
  }
}

/** The page of a job, once it has ended. It is asked for as a script would: without consuming the message. */
export async function ended(browser: Browser, url: string): Promise<string> {
  let page = ''
  await vi.waitFor(async () => {
    page = (await browser.get(url, { 'sec-fetch-dest': 'empty' })).body
    expect(page).toMatch(/data-state="(completed|failed|cancelled)"/)
  }, 20_000)
  return page
}

/** The password of both accounts. */
export { PASSWORD }

/** The hidden fields of the form with this action. */
export function hiddenFields(html: string, action: string): Record<string, string> {
  const form = html.split('<form').find(part => part.includes(`action="${action}"`))
  if (form === undefined)
    throw new Error(`Expected a form with the action ${action} in: ${html.slice(0, 2000)}`)
  const inputs =
    form.split('</form>')[0]?.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g) ?? []
  return Object.fromEntries([...inputs].map(([, name = '', value = '']) => [name, unescapeHtml(value)]))
}

/** The messages on a page, as "tags: text". */
export function messagesOn(html: string): string[] {
  const list = /<ul class="messages">(.*?)<\/ul>/s.exec(html)?.[1] ?? ''
  return [
    ...list.matchAll(
      /<li class="([^"]*)" data-message-id="[^"]+"[^>]*>.*?<bdi class="text"[^>]*>(.*?)<\/bdi>/gs,
    ),
  ].map(([, tags, text = '']) => `${tags}: ${unescapeHtml(text)}`)
}

export function multipart(fields: Record<string, string>, file: { name: string; content: Buffer | string }) {
  const border = 'border-of-the-test'
  const parts = Object.entries(fields).map(
    ([name, value]) => `--${border}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  )
  const head = `--${border}\r\nContent-Disposition: form-data; name="file"; filename="${file.name}"\r\nContent-Type: text/csv\r\n\r\n`
  const payload = Buffer.concat([
    Buffer.from(parts.join('') + head),
    Buffer.from(file.content),
    Buffer.from(`\r\n--${border}--\r\n`),
  ])
  return { payload, headers: { 'content-type': `multipart/form-data; boundary=${border}` } }
}

function unescapeHtml(text: string): string {
  return text
    .replaceAll('&quot;', '"')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&')
}
