import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { errorPage } from '../src/error-page.ts'
import { testSite } from './client.ts'

const SECRET = 'redis://user:hunter2@10.0.0.1 and a stack'
const site = await testSite()

const HEADERS = {
  'content-security-policy': expect.stringContaining("default-src 'none'"),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'same-origin',
  'x-frame-options': 'DENY',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
}

describe('an error', () => {
  it('that is ours gets a page with a reference that the log line has, and none of its text', async () => {
    const { posts } = site.blog
    const list = posts.list.bind(posts)
    posts.list = async () => {
      posts.list = list
      throw new Error(SECRET)
    }
    const response = await site.browser().get('/')
    expect(response.statusCode).toBe(500)
    expect(response.headers).toMatchObject(HEADERS)
    expect(response.body).toContain('Something went wrong')
    expect(response.body).not.toMatch(/hunter2|stack|\.ts/)
    const reference = /<code>(\w+)<\/code>/.exec(response.body)?.[1]
    expect(site.lines.find(line => line.reqId === reference && line.level === 50)).toMatchObject({
      status: 500,
    })
  })

  it('in a template burns nothing and leaks nothing', async () => {
    const { posts } = site.blog
    const list = posts.list.bind(posts)
    posts.list = async options => {
      posts.list = list
      return { ...(await list(options)), total: 1, pages: 1, posts: [{ title: SECRET }] } as never
    }
    const response = await site.browser().get('/')
    expect(response.statusCode).toBe(500)
    expect(response.body).not.toContain('hunter2')
  })

  it('has our headers, whatever it is', async () => {
    const big = { _csrf: 'x'.repeat(70 * 1024) }
    const browser = site.browser()
    const answers = {
      400: await browser.get('/%zz'),
      404: await browser.get('/nothing'),
      403: await browser.post('/login', {}, { origin: 'http://elsewhere.example' }),
      413: await browser.post('/login', big),
      421: await browser.get('/', { host: 'evil.example' }),
    }
    for (const [status, response] of Object.entries(answers)) {
      expect(response.statusCode).toBe(Number(status))
      expect(response.headers, status).toMatchObject(HEADERS)
      expect(response.headers['content-type'], status).toBe('text/html; charset=utf-8')
      expect(response.headers['cache-control'], status).toBe('private, no-store')
      expect(response.headers['set-cookie'], status).toBeUndefined()
      expect(response.body, status).toContain('<h1>')
    }
  })

  it.each([
    ['a method that nobody knows', 'FOO / HTTP/1.1\r\nHost: x\r\n\r\n', '400 Bad Request'],
    ['no HTTP', 'what?\r\n\r\n', '400 Bad Request'],
    ['too many headers', `GET / HTTP/1.1\r\nX: ${'x'.repeat(50_000)}\r\n\r\n`, '431 Request Header Fields'],
  ])('has its headers where it is text, for %s', async (_title, request, status) => {
    const { app } = await testSite()
    await app.listen({ port: 0, host: '127.0.0.1' })
    const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1')
    let answer = ''
    socket.setEncoding('latin1').on('data', text => {
      answer += text
    })
    socket.on('error', () => {})
    socket.write(request)
    await once(socket, 'close')
    expect(answer).toContain(`HTTP/1.1 ${status}`)
    for (const header of [
      "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'",
      'X-Content-Type-Options: nosniff',
      'X-Frame-Options: DENY',
      'Cache-Control: private, no-store',
    ])
      expect(answer).toContain(`\r\n${header}\r\n`)
  })

  it('has a page of its own for each status that we answer with', () => {
    for (const status of [400, 403, 404, 405, 408, 413, 415, 421, 429, 500, 503]) {
      const page = errorPage(Object.assign(new Error(SECRET), { statusCode: status }), { sentForm: false })
      expect(page.status).toBe(status)
      expect(JSON.stringify(page)).not.toContain('hunter2')
    }
    expect(errorPage(Object.assign(new Error('x'), { statusCode: 418 }), { sentForm: false }).status).toBe(
      400,
    )
    expect(errorPage(Object.assign(new Error('x'), { statusCode: 200 }), { sentForm: false }).status).toBe(
      500,
    )
    expect(errorPage('a string', { sentForm: false }).status).toBe(500)
  })

  it('is JSON only where JSON is asked for', async () => {
    const json = await site.browser().get('/nothing', { accept: 'application/json' })
    expect(json.headers['content-type']).toBe('application/json; charset=utf-8')
    expect(json.json()).toMatchObject({ error: 'This page is not here', reference: expect.any(String) })
    const html = await site.browser().get('/nothing', { accept: '*/*' })
    expect(html.headers['content-type']).toBe('text/html; charset=utf-8')
  })

  it('stays 404 for HEAD and for methods that an address doesn’t have', async () => {
    expect((await site.browser().send({ method: 'HEAD', url: '/nothing' })).statusCode).toBe(404)
    expect((await site.browser().send({ method: 'DELETE', url: '/jobs' })).statusCode).toBe(404)
    expect((await site.browser().send({ method: 'POST', url: '/', payload: 'x' })).statusCode).toBe(404)
  })
})

describe('every page', () => {
  it('allows neither inline scripts nor inline styles, and has none', async () => {
    const browser = site.browser()
    await browser.logIn('alice')
    for (const url of ['/', '/login', '/jobs', '/inbox', '/add_messages/', '/nothing']) {
      const response = await browser.get(url)
      expect(response.headers['content-security-policy']).toBe(
        "default-src 'none';script-src 'self';style-src 'self';img-src 'self' data:;connect-src 'self';form-action 'self';base-uri 'none';frame-ancestors 'none';object-src 'none'",
      )
      expect(response.body).not.toMatch(
        /<script(?! type="module" src="\/assets\/[^"]+"><\/script>)|<style|\sstyle=|\son\w+=/i,
      )
    }
  })
})
