import { info } from '@tidings/messages'
import { createLogger } from '@tidings/runtime'
import { describe, expect, it } from 'vitest'
import { HOSTILE_TEXTS, HUGE_TEXT } from '../../../test/hostile-texts.ts'
import { type Browser, testSite } from './client.ts'
import { newStaff, preview, sendIt } from './staff.ts'

const site = await testSite({ config: { LOGINS_PER_MINUTE: 10_000 } })
const HARMLESS = 'harmless'
const reader = await site.user('reader')
const staff = await newStaff(site)
let users = 0

/** Somebody new, where what a text leaves can't be taken away again. */
function someone() {
  users += 1
  return site.user(`user-${users}`)
}

async function named() {
  const { browser } = await someone()
  return { browser, user: `user-${users}` }
}

/** As BullMQ keeps a job that has failed, with this text wherever a job can have one. */
async function failed(id: string, text: string): Promise<void> {
  const [queue] = site.jobs.queues
  if (!queue) throw new Error('Expected a queue.')
  const { redis } = site
  await redis.lrem(queue.toKey('wait'), 0, id)
  await redis.zadd(queue.toKey('failed'), Date.now(), id)
  const told = {
    name: text,
    failedReason: text,
    stacktrace: JSON.stringify([text]),
    finishedOn: String(Date.now()),
  }
  const data = JSON.parse((await redis.hget(queue.toKey(id), 'data')) ?? '{}')
  const hostile = JSON.stringify({ ...data, input: { label: text, [text]: text } })
  await redis.hset(queue.toKey(id), {
    ...told,
    data: hostile,
    progress: JSON.stringify({ fraction: 0.5, text }),
  })
}

async function forget(...names: string[]): Promise<void> {
  const keys = await site.redis.keys(`${site.prefix.replace(/[{}]/g, '\\$&')}:*`)
  const own = keys.filter(key => names.some(name => key.startsWith(`${site.prefix}:${name}`)))
  if (own.length > 0) await site.redis.del(own)
}

/** The pages on which a text stands after it was brought there. */
type Pages = (text: string) => Promise<string[]>

const bodies = async (browser: Browser, ...urls: string[]) => {
  const pages: string[] = []
  for (const url of urls) pages.push((await browser.get(url)).body)
  return pages
}

const PLACES: Record<string, Pages> = {
  'a message': async text => {
    await site.store.post(reader.id, info(text, { link: { href: '/inbox', text: text.slice(0, 200) } }))
    const pages = await bodies(reader.browser, '/', '/inbox')
    await site.store.forget(reader.id)
    return pages
  },
  'a label of a job': async text => {
    const { browser } = await someone()
    const label = text.slice(0, 200)
    const { headers } = await browser.submit('/jobs', '/jobs/demo', {
      label,
      outcome: 'succeed',
      seconds: '0',
    })
    return bodies(browser, String(headers.location), '/jobs', '/inbox')
  },
  'a label of a job, where staff look at it': async text => {
    const { browser, user } = await named()
    const fields = { label: text.slice(0, 200), outcome: 'succeed', seconds: '0' }
    const { headers } = await browser.submit('/jobs', '/jobs/demo', fields)
    return bodies(staff.browser, `/admin/jobs?user=${user}`, `/admin${headers.location}`)
  },
  'a form that is refused': async text => {
    const typed = text.slice(0, 200)
    const fields = { label: typed, outcome: typed, seconds: typed }
    return [(await reader.browser.submit('/jobs', '/jobs/demo', fields)).body]
  },
  'a post, even one that nobody has checked': async text => {
    const [title, body, tags, author] = [text, text, [text], text]
    const post = { id: 'post', title, body, tags, author, authorId: 'x', publishedAt: new Date() }
    await site.blog.posts.save(post)
    const pages = await bodies(reader.browser, '/', '/posts/post')
    await site.blog.posts.delete(post)
    return pages
  },
  'a draft, where its author edits it': async text => {
    const draft = { id: 'draft', title: text, body: text, tags: [text], author: 'x', authorId: reader.id }
    await site.blog.posts.save(draft)
    const pages = await bodies(reader.browser, '/posts/draft/edit', '/posts/draft/delete', '/posts/mine')
    await site.blog.posts.delete(draft)
    return pages
  },
  'a username, even one that nobody has checked': async text => {
    const key = `${site.prefix}:blog:user:${reader.id}`
    const record = (await site.redis.get(key)) ?? ''
    await site.redis.set(key, JSON.stringify({ ...JSON.parse(record), username: text }))
    const pages = await bodies(reader.browser, '/', '/account', '/jobs', '/inbox')
    await site.redis.set(key, record)
    return pages
  },
  'the name at a login': async text => {
    const fields = { username: text.slice(0, 1000), password: text.slice(0, 1000) }
    return [(await site.browser().submit('/login', '/login', fields)).body]
  },
  'a message from staff, each field as it was typed': async text => {
    const fields = {
      ...{ to: text.slice(0, 20), level: text.slice(0, 20), names: `${HARMLESS} ${text}`, text },
      ...{ href: text.slice(0, 4000), linkText: `x${text}`.slice(0, 200) },
      ...{ from: `x${text}`.slice(0, 40), until: `x${text}`.slice(0, 40) },
    }
    const pages: string[] = []
    for (const to of [fields.to, 'people'])
      pages.push((await preview(staff.browser, { ...fields, to, text: `x${text}`.slice(0, 1800) })).body)
    return pages
  },
  'a message from staff, before it is sent and after': async text => {
    const letter = `x ${text}`.slice(0, 1800)
    const link = {
      href: `/?x=${encodeURIComponent(text.toWellFormed())}`.slice(0, 500),
      linkText: `x ${text}`.slice(0, 200),
    }
    const fields = { names: 'reader', text: letter, ...link }
    const looked = (await preview(staff.browser, fields)).body
    const sent = await sendIt(staff.browser, fields)
    const pages = await bodies(staff.browser, sent, '/admin/messages', '/admin/audit')
    const read = await bodies(reader.browser, '/inbox')
    await site.store.forget(reader.id)
    await forget('blog:staff-message', 'blog:audit')
    return [looked, ...pages, ...read]
  },
  'what staff look for': async text => {
    const typed = (max: number) => encodeURIComponent(`x${text}`.slice(0, max).toWellFormed())
    const query = ['state', 'kind', 'after', 'before', 'cursor'].map(name => `${name}=${typed(40)}`)
    return bodies(
      staff.browser,
      `/admin/jobs?user=${typed(60)}&${query.join('&')}`,
      `/admin/messages?page=${typed(40)}`,
      `/admin/audit?before=${typed(40)}`,
      `/admin/jobs/${typed(100)}`,
      `/admin/messages/${typed(100)}`,
    ).then(pages => pages.map(page => page.replace(/<code>\w+<\/code>/, '<code></code>')))
  },
  'the name and the reason of a job that failed, its input and its progress': async text => {
    const { browser, user } = await named()
    const fields = { label: 'x', outcome: 'succeed', seconds: '0' }
    const { headers } = await browser.submit('/jobs', '/jobs/demo', fields)
    const path = String(headers.location)
    await failed(path.split('/').at(-1) ?? '', text)
    return [
      ...(await bodies(staff.browser, `/admin/jobs?user=${user}&state=failed`, `/admin${path}`)),
      // Without messages: whether a sweep has found the job by then is another matter.
      ...(await Promise.all([path, '/jobs'].map(url => browser.get(url, { 'sec-fetch-dest': 'empty' })))).map(
        ({ body }) => body,
      ),
    ]
  },
  'a name of staff, even one that nobody has checked': async text => {
    const key = `${site.prefix}:blog:user:${staff.id}`
    const record = (await site.redis.get(key)) ?? ''
    await site.redis.set(key, JSON.stringify({ ...JSON.parse(record), username: text }))
    await sendIt(staff.browser, { names: 'reader', text: 'x' })
    const pages = await bodies(staff.browser, '/admin', '/admin/messages', '/admin/audit', '/admin/jobs')
    await site.redis.set(key, record)
    await site.store.forget(reader.id)
    await forget('blog:staff-message', 'blog:audit')
    return pages
  },
  'an address': async text => {
    const typed = encodeURIComponent(text.toWellFormed())
    return bodies(
      reader.browser,
      `/?page=${typed}`,
      `/jobs/${typed}`,
      `/posts/${typed}`,
      `/files/${typed}`,
      `/${typed}`,
    ).then(pages => pages.map(page => page.replace(/<code>\w+<\/code>/, '<code></code>')))
  },
  'where a login goes on': async text => {
    return bodies(site.browser(), `/login?next=${encodeURIComponent(text.toWellFormed())}`)
  },
}

describe.each(Object.entries(PLACES))('%s', (_, pages) => {
  it('holds no text that does anything', async () => {
    const harmless = (await pages(HARMLESS)).map(skeleton)
    for (const [aim, text] of HOSTILE_TEXTS) {
      for (const [n, page] of (await pages(text)).entries()) {
        expect(page, aim).toContain('</html>')
        expect(skeleton(page), `${aim}, page ${n}`).toEqual(harmless[n])
        expect(page.replace(/[\n\r\t]/g, ''), aim).not.toMatch(/[\p{Cc}\p{Cs}]/u)
        expect(page, aim).not.toMatch(/ (href|src|action)="(javascript|data|java\s)/i)
      }
    }
  }, 120_000)
})

describe('a text of ten megabytes', () => {
  it('in a form is refused by a page, and read no further', async () => {
    for (const url of ['/login', '/jobs/demo', '/account/password']) {
      const headers = { 'content-type': 'application/x-www-form-urlencoded' }
      const payload = `label=${HUGE_TEXT}`
      const response = await reader.browser.send({ method: 'POST', url, headers, payload })
      expect(response.statusCode, url).toBe(413)
      expect(response.body.length).toBeLessThan(10_000)
    }
  }, 60_000)

  it('in a message is cut', async () => {
    await site.store.post(reader.id, info(HUGE_TEXT))
    expect((await reader.browser.get('/')).body.length).toBeLessThan(50_000)
  }, 60_000)
})

describe('the log', () => {
  it('has a line for each request and each failed login, and none that somebody has written', async () => {
    const before = site.lines.length
    for (const [, text] of HOSTILE_TEXTS) {
      const typed = encodeURIComponent(text.toWellFormed())
      await site.browser().get(`/posts/${typed}?x=${typed}`, { 'user-agent': 'x', referer: typed })
      await site.browser().submit('/login', '/login', { username: text.slice(0, 1000), password: 'x' })
    }
    const lines = site.lines.slice(before)
    expect(lines.length).toBeGreaterThan(HOSTILE_TEXTS.length)
    for (const line of lines) {
      expect(line).toMatchObject({ name: 'web', reqId: expect.stringMatching(/^[\da-f]{12}$/) })
      expect(line.msg).not.toMatch(/forged/)
    }
  })

  it.each(['json', 'pretty'] as const)('keeps each text on its line, as %s', format => {
    for (const [aim, text] of HOSTILE_TEXTS) {
      let written = ''
      const destination = {
        write(line: string) {
          written += line
        },
      }
      const log = createLogger({ name: 'test', format, destination })
      log.info({ typed: text, nested: { [text]: text } }, text)
      expect(written.endsWith('\n'), aim).toBe(true)
      const line = written.slice(0, -1)
      expect(line, aim).not.toMatch(format === 'json' ? /[\n\r\v\f]/ : /(?!\t)\p{Cc}/u)
      if (format === 'pretty') expect(line, aim).not.toMatch(/[\u202a-\u202e\u2066-\u2069]/)
      if (format === 'json') expect(JSON.parse(line).msg, aim).toBe(text)
    }
  })
})

/** The tags of a page with the names of their attributes: what a text must not change. */
function skeleton(html: string): string[] {
  const tags = [...html.matchAll(/<(\/?[a-z][a-z0-9]*)((?:\s+[a-z-]+(?:="[^"<>]*")?)*)\s*\/?>/g)]
  // Each "<" is one of ours, but for the doctype's: those in texts and attributes are escaped.
  expect(html.split('<').length - 1, html.slice(0, 4000)).toBe(tags.length + 1)
  const names = tags.map(([, name, attributes = '']) => name + attributes.replace(/="[^"]*"/g, ''))
  // A post has as many paragraphs as its author wrote.
  return (
    names
      .join('\n')
      .replace(/(p dir\n\/p\n)+/g, '$1')
      // Names that nobody has, as many as were typed.
      .replace(/(li\nbdi dir\n\/bdi\n\/li\n)+/g, '$1')
      .split('\n')
  )
}
