import { describe, expect, it } from 'vitest'
import { messagesOn, testSite } from './client.ts'

const site = await testSite()
const HOSTILE = '</title><script>alert(1)</script>"\'&'

for (let number = 1; number <= 45; number += 1) {
  await site.blog.posts.save({
    id: `post-${number}`,
    title: `Post ${number}`,
    body: 'First line\nSecond line',
    tags: ['news'],
    author: 'alice',
    authorId: site.alice.id,
    publishedAt: new Date(Date.UTC(2026, 0, 1, 0, number)),
  })
}

const titles = (html: string) => [...html.matchAll(/<h2><a[^>]*>([^<]*)<\/a>/g)].map(([, title]) => title)

describe('the listing', () => {
  it('shows visitors twenty posts a page, newest first', async () => {
    const first = await site.browser().get('/')
    expect(titles(first.body)).toHaveLength(20)
    expect(titles(first.body)[0]).toBe('Post 45')
    expect(first.body).toContain('href="/?page=2" rel="next"')
    expect(first.body).not.toContain('rel="prev"')
    const last = await site.browser().get('/?page=3')
    expect(titles(last.body)).toEqual(['Post 5', 'Post 4', 'Post 3', 'Post 2', 'Post 1'])
    expect(last.body).toContain('href="/?page=2" rel="prev"')
    expect(last.body).not.toContain('rel="next"')
  })

  it('has no page past the last, and takes what is no number for the first', async () => {
    expect((await site.browser().get('/?page=4')).statusCode).toBe(404)
    expect((await site.browser().get('/?page=999999999')).statusCode).toBe(404)
    for (const page of ['0', '-1', 'x', '1e3', '', '1.5', '9'.repeat(30)]) {
      expect(titles((await site.browser().get(`/?page=${page}`)).body)[0], page).toBe('Post 45')
    }
    expect((await site.browser().get('/?page=2&page=3')).statusCode).toBe(200)
  })

  it('shows an empty blog as one', async () => {
    const empty = await testSite()
    expect((await empty.browser().get('/')).body).toContain('no posts yet')
    expect((await empty.browser().get('/?page=2')).statusCode).toBe(404)
  })

  it('prints what people wrote as text, wherever it stands', async () => {
    await site.blog.posts.save({
      id: 'hostile',
      title: HOSTILE,
      body: HOSTILE,
      tags: [HOSTILE],
      author: HOSTILE,
      authorId: 'x',
      publishedAt: new Date(Date.UTC(2026, 1, 1)),
    })
    await site.store.post(site.alice.id, {
      level: 40,
      text: HOSTILE,
      link: { href: '/jobs?a=1&b="', text: HOSTILE },
    })
    const browser = site.browser()
    await browser.logIn('alice')
    const pages = [await browser.get('/'), await browser.get('/posts/hostile'), await browser.get('/inbox')]
    expect(messagesOn(pages[0]?.body ?? '')).toEqual([`error: ${HOSTILE}`])
    for (const { statusCode, body } of pages) {
      expect(statusCode).toBe(200)
      expect(body).not.toContain('<script>')
      expect(body).toContain('&lt;script&gt;')
    }
  })
})

describe('a post', () => {
  it('has a page of its own once it is published', async () => {
    const response = await site.browser().get('/posts/post-7')
    expect(response.body).toContain('<h1 dir="auto">Post 7</h1>')
    expect((await site.browser().get('/posts/none')).statusCode).toBe(404)
    await site.blog.posts.save({
      id: 'later',
      title: 'Later',
      body: 'x',
      tags: [],
      author: 'alice',
      authorId: 'x',
      publishedAt: new Date(Date.now() + 60_000),
    })
    expect((await site.browser().get('/posts/later')).statusCode).toBe(404)
  })
})
