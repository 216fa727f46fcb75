import { afterAll, describe, expect, it, vi } from 'vitest'
import { attachment } from '../src/attachment.ts'
import { testSite } from './client.ts'

const site = await testSite()
const worker = await site.jobs.work({ concurrency: 1 })
afterAll(() => worker.close({ force: true }))
const alice = site.browser()
await alice.logIn('alice')
const bob = site.browser()
await bob.logIn('bob')

async function exported(format: string): Promise<{ job: string; file: string }> {
  const started = await alice.submit('/jobs', '/jobs/export-posts', { format })
  const job = String(started.headers.location)
  let file = ''
  await vi.waitFor(async () => {
    file = /href="(\/files\/[^"]+)"/.exec((await alice.get(job)).body)?.[1] ?? ''
    expect(file).not.toBe('')
  }, 20_000)
  return { job, file }
}

describe('a file', () => {
  it('is downloaded by its owner, and never opened in the page', async () => {
    await site.blog.posts.save({
      id: 'one',
      title: 'One',
      body: 'x'.repeat(90_000),
      tags: [],
      author: 'alice',
      authorId: site.alice.id,
      publishedAt: new Date(),
    })
    const { file, job } = await exported('json')
    const response = await alice.get(file)
    expect(response.statusCode).toBe(200)
    expect(response.headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'content-disposition': `attachment; filename="posts.json"; filename*=UTF-8''posts.json`,
      'x-content-type-options': 'nosniff',
      'cache-control': 'private, no-store',
      'content-length': String(Buffer.byteLength(response.body)),
    })
    expect(response.json()[0].title).toBe('One')
    expect((await alice.get(job)).body).toMatch(/until <time datetime="[^"]+">/)
    const head = await alice.send({ method: 'HEAD', url: file })
    expect([head.statusCode, head.body]).toEqual([200, ''])
  })

  it('of somebody else looks like none', async () => {
    const { file } = await exported('csv')
    const plain = ({ body }: { body: string }) => body.replace(/(name="_csrf" value=")[^"]*/g, '$1')
    const none = plain(await bob.get('/files/00000000-0000-4000-8000-000000000001'))
    for (const url of [file, '/files/00000000-0000-4000-8000-000000000000']) {
      const response = await bob.get(url)
      expect(response.statusCode, url).toBe(404)
      expect(plain(response), url).toBe(none)
    }
    expect((await bob.get('/files/none')).statusCode).toBe(404)
    // Nor is it known whose a link was once its job is gone as well: all are told what may have become of it.
    expect(none).toContain('Downloads are kept for a day.')
    expect(none).toContain('<a href="/jobs">Go to your jobs</a>')
    expect((await site.browser().get(file)).statusCode).toBe(303)
  })

  it('that has expired says so to whom it belonged, and to nobody else', async () => {
    const { file, job } = await exported('csv')
    const id = file.replace('/files/', '')
    const list = site.jobs.list.bind(site.jobs)
    site.jobs.list = async options =>
      (await list(options)).map(view =>
        `/jobs/${view.id}` === job
          ? { ...view, result: { ...(view.result as object), expiresAt: new Date(0).toISOString() } }
          : view,
      )
    await site.redis.del(`${site.prefix}:blog:file:${id}`)
    const response = await alice.get(file)
    expect(response.statusCode).toBe(410)
    expect(response.body).toContain(`action="${job}/again"`)
    expect((await bob.get(file)).statusCode).toBe(404)
    site.jobs.list = list
    expect((await alice.get(file)).statusCode).toBe(404)
  })

  it('that was uploaded as a page is still only downloaded', async () => {
    const content = [Buffer.from('<script>alert(1)</script>')]
    const file = await site.blog.files.save(
      { owner: site.alice.id, name: 'x.html', type: 'text/html', content, ttl: 60_000 },
      { maxBytes: 1000 },
    )
    const response = await alice.get(`/files/${file.id}`)
    expect(response.headers['content-type']).toBe('application/octet-stream')
    expect(response.headers['content-disposition']).toContain('attachment')
  })
})

describe('the name under which a file is saved', () => {
  it('can’t break out of its header or its folder', () => {
    expect(attachment('a"b\\c/d\r\ne;.csv')).toBe(
      `attachment; filename="a_b_c_d__e;.csv"; filename*=UTF-8''a%22b_c_d__e%3B.csv`,
    )
    expect(attachment('übung.csv')).toBe(`attachment; filename="u_bung.csv"; filename*=UTF-8''%C3%BCbung.csv`)
    expect(attachment('\ud800')).toContain('attachment; filename=')
    expect(attachment('')).toContain('filename="download"')
  })
})
