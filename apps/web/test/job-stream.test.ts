import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { beforeAll, describe, expect, it } from 'vitest'
import { type Browser, testSite } from './client.ts'

const HOST = '127.0.0.1:3000'
const site = await testSite({ config: { PUBLIC_URL: `http://${HOST}` } })
const demo = site.definitions.demo as NonNullable<typeof site.definitions.demo>
let port: number
beforeAll(async () => {
  await site.app.listen({ port: 0, host: '127.0.0.1' })
  port = (site.app.server.address() as AddressInfo).port
})

/** A page's stream, and what has come by it. */
async function follow(browser: Browser, path: string, headers: Record<string, string> = {}) {
  const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const request = get({
    host: '127.0.0.1',
    port,
    path: `${path}/stream`,
    headers: { cookie, host: HOST, ...headers },
  })
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  let text = ''
  response.setEncoding('utf8').on('data', more => {
    text += more
  })
  return {
    response,
    over: new Promise(resolve => response.on('error', () => {}).on('close', resolve)),
    leave: () => request.destroy(),
    text: () => text,
    states: () => [...text.matchAll(/data-state=\\"(\w+)\\"/g)].map(([, state]) => state),
  }
}

async function jobOf(name: string, seconds = 0) {
  const { browser, id } = await site.user(name)
  const { id: job } = await site.jobs.enqueue(demo, { label: `of ${name}`, seconds }, { owner: id })
  return { browser, owner: id, job, path: `/jobs/${job}` }
}

const soon = { timeout: 10_000 }

describe('the stream of a job’s page', () => {
  it('brings how the job stands, each time it has changed, and ends with it', async () => {
    const { browser, path } = await jobOf('s1', 1)
    const { response, states, text, over } = await follow(browser, path, { 'sec-fetch-site': 'same-origin' })
    expect(response.statusCode).toBe(200)
    expect(response.headers['content-type']).toBe('text/event-stream')
    expect(response.headers['cache-control']).toContain('no-store')
    expect(response.headers['content-security-policy']).toContain("default-src 'none'")
    await expect.poll(states, soon).toEqual(['waiting'])
    expect(text()).toContain('Waiting, place 1')
    const worker = await site.jobs.work({ concurrency: 5 })
    try {
      await over
    } finally {
      await worker.close({ force: true })
    }
    expect(states().at(-1)).toBe('completed')
    expect(states()).toContain('active')
    expect(text()).toContain('of s1')
    expect(text()).not.toContain('</html>')
  })

  it('is for its owner alone, and for pages of this site', async () => {
    const { browser, path } = await jobOf('s2')
    const stranger = await site.user('s3')
    expect((await follow(stranger.browser, path)).response.statusCode).toBe(404)
    expect((await follow(site.browser(), path)).response.statusCode).toBe(303)
    expect((await follow(browser, path, { 'sec-fetch-site': 'cross-site' })).response.statusCode).toBe(403)
    expect((await follow(browser, '/jobs/AAAAAAAAAAAAAAAAAAAAAA')).response.statusCode).toBe(404)
  })

  it('ends within seconds of its session', async () => {
    const { browser, path } = await jobOf('s4')
    const { over, states } = await follow(browser, path)
    await expect.poll(states, soon).toEqual(['waiting'])
    const began = Date.now()
    await browser.logOut()
    await over
    expect(Date.now() - began).toBeLessThan(8000)
  })

  it('takes the place of the oldest, where its user has too many', async () => {
    const { browser, path } = await jobOf('s5')
    const streams: Awaited<ReturnType<typeof follow>>[] = []
    for (let i = 0; i < 6; i++) streams.push(await follow(browser, path))
    await streams[0]?.over
    expect(streams[0]?.text()).toContain('event: retired')
    await expect.poll(() => streams[5]?.states(), soon).toEqual(['waiting'])
    for (const { leave } of streams) leave()
    await Promise.all(streams.map(({ over }) => over))
  })

  it('tells of its end how a job that was cancelled stands', async () => {
    const { browser, path, job, owner } = await jobOf('s6')
    const { over, states } = await follow(browser, path)
    await expect.poll(states, soon).toEqual(['waiting'])
    await site.jobs.cancel(job, { owner })
    await over
    expect(states()).toEqual(['waiting', 'cancelled'])
  })

  it('ends at once when the process stops, and says when to come back', async () => {
    const { browser, path } = await jobOf('s7')
    const { over, states, text } = await follow(browser, path)
    await expect.poll(states, soon).toEqual(['waiting'])
    const began = Date.now()
    await site.app.close()
    await over
    expect(Date.now() - began).toBeLessThan(2000)
    expect(text()).toMatch(/retry: \d+\n\n$/)
  })
})
