import { info } from '@tidings/messages'
import { createLogger } from '@tidings/runtime'
import { describe, expect, it } from 'vitest'
import { HOSTILE_TEXTS, HUGE_TEXT } from '../../../test/hostile-texts.ts'
import { type Browser, testSite } from './client.ts'

const site = await testSite({ config: { LOGINS_PER_MINUTE: 10_000 } })
const HARMLESS = 'harmless'
let users = 0

/** Somebody new, so that each text is alone on its pages. */
function someone() {
  users += 1
  return site.user(`user-${users}`)
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
    const { browser, id } = await someone()
    await site.store.post(id, info(text, { link: { href: '/inbox', text: text.slice(0, 200) } }))
    return bodies(browser, '/', '/inbox')
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
  'a form that is refused': async text => {
    const { browser } = await someone()
    const typed = text.slice(0, 200)
    const fields = { label: typed, outcome: typed, seconds: typed }
    return [(await browser.submit('/jobs', '/jobs/demo', fields)).body]
  },
  'a post, even one that nobody has checked': async text => {
    const { browser } = await someone()
    const id = `post-${users}`
    const [title, body, tags, author] = [text, text, [text], text]
    const post = { id, title, body, tags, author, authorId: 'x', publishedAt: new Date() }
    await site.blog.posts.save(post)
    const pages = await bodies(browser, '/', `/posts/${id}`)
    await site.blog.posts.delete(post)
    return pages
  },
  'a draft, where its author edits it': async text => {
    const { browser, id: authorId } = await someone()
    const id = `draft-${users}`
    await site.blog.posts.save({ id, title: text, body: text, tags: [text], author: 'x', authorId })
    return bodies(browser, `/posts/${id}/edit`, `/posts/${id}/delete`, '/posts/mine')
  },
  'a username, even one that nobody has checked': async text => {
    const { browser, id } = await someone()
    const key = `${site.prefix}:blog:user:${id}`
    const record = JSON.parse((await site.redis.get(key)) ?? '')
    await site.redis.set(key, JSON.stringify({ ...record, username: text }))
    return bodies(browser, '/', '/account', '/jobs', '/inbox')
  },
  'the name at a login': async text => {
    const fields = { username: text.slice(0, 1000), password: text.slice(0, 1000) }
    return [(await site.browser().submit('/login', '/login', fields)).body]
  },
  'an address': async text => {
    const typed = encodeURIComponent(text.toWellFormed())
    return bodies(
      (await someone()).browser,
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
    const { browser } = await someone()
    for (const [page, action, field] of [
      ['/login', '/login', 'username'],
      ['/jobs', '/jobs/demo', 'label'],
      ['/account', '/account/password', 'newPassword'],
    ] as const) {
      const one = page === '/login' ? site.browser() : browser
      const response = await one.submit(page, action, { [field]: HUGE_TEXT })
      expect(response.statusCode, action).toBe(413)
      expect(response.body.length).toBeLessThan(10_000)
    }
  })

  it('in a message is cut', async () => {
    const { browser, id } = await someone()
    await site.store.post(id, info(HUGE_TEXT))
    expect((await browser.get('/')).body.length).toBeLessThan(50_000)
  })
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
  return names
    .join('\n')
    .replace(/(p dir\n\/p\n)+/g, '$1')
    .split('\n')
}
