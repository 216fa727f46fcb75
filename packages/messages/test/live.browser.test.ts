import { readFile } from 'node:fs/promises'
import type { FastifyInstance } from 'fastify'
import { type Browser, type BrowserContext, chromium, type Page, type Route } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { findChromium } from '../../../test/chromium.ts'
import { testRedis } from '../../../test/redis.ts'
import { error, info, RedisMessageStore, success } from '../src/index.ts'
import { readerMark } from '../src/live-reader.ts'
import { startLiveApp } from './live-app.ts'

const executablePath = findChromium()
if (!executablePath) {
  const remedy = 'Install one (on Debian: apt-get install chromium), or name it in CHROMIUM.'
  if (process.env.REQUIRE_BROWSER)
    throw new Error(`The browser tests are required, and there is no Chromium. ${remedy}`)
  console.log(`The browser tests are left out: there is no Chromium on this machine. ${remedy}`)
}

const LIVE_JS = new URL('../client/live.js', import.meta.url)

const WITH_TEMPLATE = `doctype html
html
  body
    div(data-live-alerts)
    div(data-live-messages data-after=after)
    p(data-live-more='{count} wait' hidden)
    template(data-live-message)
      li
        strong(data-field='levelTag')
        p(data-field='text')
        em(data-count='× {count}' hidden)
        p: a.more(data-link)
    script(type='module' src='/live.js')
`

// Pages tell a headless browser that they are visible, always. These say what the test has made of them.
const VISIBILITY = `
  let state = window.name === 'hidden' ? 'hidden' : 'visible'
  Object.defineProperty(document, 'visibilityState', { get: () => state })
  Object.defineProperty(document, 'hidden', { get: () => state === 'hidden' })
  window.turn = next => {
    state = next
    document.dispatchEvent(new Event('visibilitychange'))
  }
`

describe.skipIf(!executablePath)('live messages in a browser', () => {
  const { redis, prefix } = testRedis()
  const store = new RedisMessageStore({ redis, prefix })
  let app: FastifyInstance
  let address: string
  let browser: Browser
  /** The ids of each confirm that was asked for, and with which token. */
  let confirms: { ids: string[]; token: unknown }[] = []
  /** By whom streams were asked for. Those of an earlier test's pages may come late. */
  let streams: string[] = []
  /** Those that are open. */
  let open = 0
  /** Of the page with a template. */
  let after: string | undefined

  beforeAll(async () => {
    const script = await readFile(LIVE_JS)
    ;({ app, address } = await startLiveApp({
      store,
      // An application that is careless with links.
      render: ({ data }) => (data?.evil ? { link: { href: 'javascript:document.title=3', text: 'x' } } : {}),
      locals: owner => ({ reader: readerMark(owner) }),
      prepare(app) {
        app.get('/live.js', (_, reply) => reply.type('text/javascript').send(script))
        app.get('/template', (_, reply) => reply.view({ raw: WITH_TEMPLATE } as never, { after }))
        app.addHook('preHandler', async (request, reply) => {
          if (request.url === '/messages/stream') {
            streams.push(request.session.get('userId') ?? '')
            open++
            reply.raw.once('close', () => open--)
          }
          if (request.url !== '/messages/confirm') return
          const { ids } = request.body as { ids: string[] }
          confirms.push({ ids, token: request.headers['x-csrf-token'] })
        })
      },
    }))
    // Only pages of our own are opened, and a sandbox can't be had as root or in most containers.
    browser = await chromium.launch({
      executablePath,
      args: ['--no-sandbox', '--disable-background-networking'],
    })
  })
  afterEach(async () => {
    for (const context of browser.contexts()) await context.close()
    await expect.poll(() => open).toBe(0)
    confirms = []
    streams = []
    after = undefined
  })
  afterAll(async () => {
    await browser?.close()
    await app?.close()
  })

  let users = 0

  /** A page of a user of its own, whose faults fail the test. */
  async function opened(
    path = '/page',
    prepare = async (_: Page) => {},
  ): Promise<{ owner: string; context: BrowserContext; page: Page }> {
    const owner = `reader-${++users}`
    const context = await browser.newContext({ baseURL: address })
    await context.addInitScript(VISIBILITY)
    const page = await context.newPage()
    page.on('pageerror', fault => expect.fail(`the page failed: ${fault}`))
    await page.goto(`/login/${owner}`)
    await prepare(page)
    await page.goto(path)
    return { owner, context, page }
  }

  const items = (page: Page) => page.locator('[data-message-id]').allTextContents()
  const shows = (page: Page, texts: string[]) =>
    expect.poll(async () => (await items(page)).map(text => text.trim())).toEqual(texts)
  const unread = async (owner: string) =>
    (await store.inbox(owner)).filter(message => message.unread).map(({ text }) => text)
  const turn = (page: Page, state: 'visible' | 'hidden') => page.evaluate(`turn('${state}')`)
  const ownStreams = () => streams.filter(owner => owner.split('-', 2).join('-') === `reader-${users}`).length
  const hasStreams = (count: number) => expect.poll(ownStreams).toBe(count)

  it('come to a visible tab, which confirms them: the next page does not show them as new', async () => {
    const { owner, page } = await opened()
    await hasStreams(1)
    await store.post(owner, success('The export is ready.', { extraTags: 'export' }))
    await shows(page, ['The export is ready.'])
    expect(await page.locator('ul.messages > li').getAttribute('class')).toBe('export success')
    await expect.poll(() => unread(owner)).toEqual([])
    const [message] = await store.inbox(owner)
    expect(confirms).toEqual([{ ids: [message?.id], token: 'the token' }])
    await page.goto('/page')
    await hasStreams(2)
    await shows(page, [])
  })

  it('stand in regions that were in the page before: politely, and errors as alerts', async () => {
    const { owner, page } = await opened()
    const regions = await page.locator('[data-live-messages], [data-live-alerts]').elementHandles()
    await hasStreams(1)
    await store.post(owner, [info('All is well.'), error('It failed.')])
    await shows(page, ['It failed.', 'All is well.'])
    const texts = await Promise.all(regions.map(region => region.textContent()))
    const isAttached = await Promise.all(
      regions.map(region => region.evaluate(({ isConnected }) => isConnected)),
    )
    expect(texts.map(text => text?.trim())).toEqual(['It failed.', 'All is well.'])
    expect(isAttached).toEqual([true, true])
  })

  it('never move the focus, nor what is being typed', async () => {
    const { owner, page } = await opened()
    await hasStreams(1)
    await page.locator('#field').focus()
    await page.keyboard.type('half a sen')
    await store.post(owner, [info('one', { link: { href: '/page', text: 'Look' } }), error('two')])
    await shows(page, ['two', 'one Look'])
    await page.keyboard.type('tence')
    expect(await page.locator('#field').inputValue()).toBe('half a sentence')
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('field')
  })

  it('do not come to a hidden tab: they wait until it is seen', async () => {
    const { owner, page } = await opened()
    await hasStreams(1)
    await turn(page, 'hidden')
    await expect.poll(() => open).toBe(0)
    await store.post(owner, info('later'))
    await turn(page, 'visible')
    await hasStreams(2)
    await shows(page, ['later'])
    await expect.poll(() => unread(owner)).toEqual([])
  })

  it('come on the next page, where no tab was visible', async () => {
    const { owner, page } = await opened()
    await hasStreams(1)
    await turn(page, 'hidden')
    await store.post(owner, info('for the next page'))
    await page.evaluate("window.name = 'hidden'")
    await page.goto('/page')
    await shows(page, ['for the next page'])
    expect(confirms).toEqual([])
    await expect.poll(() => unread(owner)).toEqual([])
    expect(ownStreams()).toBe(1)
  })

  it('that came in the moment in which a tab was hidden are not confirmed', async () => {
    const { owner, page } = await opened()
    await hasStreams(1)
    // Between the message and the next frame.
    await page.evaluate(() => {
      addEventListener('tidings:message', () => Reflect.get(window, 'turn')('hidden'))
    })
    await store.post(owner, info('unseen'))
    await shows(page, ['unseen'])
    await page.evaluate(() => new Promise(resolve => requestAnimationFrame(() => setTimeout(resolve, 50))))
    expect([confirms, await unread(owner)]).toEqual([[], ['unseen']])
    await turn(page, 'visible')
    await expect.poll(() => unread(owner)).toEqual([])
    await shows(page, ['unseen'])
  })

  it('come on the next page when the confirm did not arrive', async () => {
    const { owner, page } = await opened('/page', async page => {
      await page.route('**/messages/confirm', route => route.abort())
    })
    await hasStreams(1)
    await store.post(owner, info('not confirmed'))
    await shows(page, ['not confirmed'])
    await page.goto('/page')
    await shows(page, ['not confirmed'])
    await expect.poll(() => unread(owner)).toEqual([])
  })

  it.each([
    ['503', (route: Route) => route.fulfill({ status: 503, headers: { 'retry-after': '1' } })],
    ['a lost connection', (route: Route) => route.abort()],
    ['a page to log in', (route: Route) => route.fulfill({ status: 302, headers: { location: '/page' } })],
  ])('are confirmed again after %s, until the server says that it knows', async (_, fail) => {
    let failures = 0
    const { owner, page } = await opened('/page', async page => {
      await page.route('**/messages/confirm', route => (failures++ < 2 ? fail(route) : route.continue()))
    })
    await hasStreams(1)
    await store.post(owner, info('in the end'))
    await shows(page, ['in the end'])
    await expect.poll(() => unread(owner)).toEqual([])
    expect([failures, confirms.length]).toEqual([3, 1])
  })

  it('are text, whatever they hold, and link only to pages', async () => {
    const { owner, page } = await opened()
    await hasStreams(1)
    const text = '<img src=x onerror="document.title=1"><script>document.title=2</script>'
    await store.post(owner, [info(text), info('No link.', { data: { evil: true } })])
    await shows(page, [text, 'No link.'])
    expect(await page.title()).toBe('')
    expect(await page.locator('li img, li script, li a').count()).toBe(0)
  })

  it('that stand in the page already are not shown twice, nor confirmed for the server', async () => {
    const { owner, context, page } = await opened()
    await turn(page, 'hidden')
    await store.post(owner, [info('in the list'), info('new')])
    const [, listed] = await store.inbox(owner)
    // As an inbox: a page that lists messages and takes none.
    await context.route('**/page', async route => {
      const response = await route.fetch({
        headers: { ...route.request().headers(), 'sec-fetch-dest': 'empty' },
      })
      const body = (await response.text()).replace(
        '<input',
        `<p data-message-id="${listed?.id}">in the list</p><input`,
      )
      await route.fulfill({ response, body })
    })
    await page.goto('/page')
    await shows(page, ['in the list', 'new'])
    await expect.poll(() => unread(owner)).toEqual(['in the list'])
  })

  it('come to the other tabs too, and are confirmed by the one that was seen', async () => {
    const { owner, context, page } = await opened()
    const other = await context.newPage()
    await other.goto('/page')
    await hasStreams(2)
    await turn(other, 'hidden')
    await store.post(owner, info('in all tabs'))
    await shows(page, ['in all tabs'])
    await shows(other, ['in all tabs'])
    await expect.poll(() => unread(owner)).toEqual([])
    await turn(other, 'visible')
    await hasStreams(3)
    await store.post(owner, info('and another'))
    for (const tab of [page, other]) await shows(tab, ['in all tabs', 'and another'])
    await expect.poll(() => unread(owner)).toEqual([])
    const [, first] = await store.inbox(owner)
    expect(confirms.filter(({ ids }) => ids.includes(String(first?.id)))).toHaveLength(1)
  })

  it('of somebody else who has logged in since do not come to the page of the first', async () => {
    const { owner, context, page } = await opened()
    await hasStreams(1)
    await turn(page, 'hidden')
    const next = await context.newPage()
    const bob = `${owner}-bob`
    await next.goto(`/login/${bob}`)
    await next.goto('/page')
    await turn(page, 'visible')
    await hasStreams(3)
    await store.post(bob, info('for Bob'))
    await shows(next, ['for Bob'])
    await expect.poll(() => unread(bob)).toEqual([])
    await shows(page, [])
  })

  it('are no more than the page has room for: the rest comes on the next page', async () => {
    const { owner, page } = await opened()
    await hasStreams(1)
    const texts = Array.from({ length: 13 }, (_, i) => `m${i}`)
    await store.post(
      owner,
      texts.map(text => info(text)),
    )
    await shows(page, texts.slice(0, 10))
    expect(await page.locator('[data-live-more]').innerText()).toBe('3 more')
    await expect.poll(() => unread(owner)).toEqual(['m12', 'm11', 'm10'])
    await page.goto('/page')
    await shows(page, texts.slice(10))
  })

  it('follow the template of the page, where it has one', async () => {
    const { owner, page } = await opened('/template')
    await hasStreams(1)
    const link = { href: 'https://example.org/report', text: 'Read it' }
    await store.post(owner, [success('Done.', { link, extraTags: 'report' }), info('No link.')])
    await expect.poll(() => page.locator('li').count()).toBe(2)
    const first = page.locator('li').first()
    expect(await first.locator('strong').innerText()).toBe('success')
    expect(await first.locator('a.more').getAttribute('href')).toBe(link.href)
    expect(await first.getAttribute('class')).toBe('report success')
    expect(await page.locator('li a').count()).toBe(1)
  })

  it('are one with a count, where equal ones come in a row', async () => {
    const { owner, page } = await opened('/template')
    await hasStreams(1)
    const same = info('Saved.')
    await store.post(owner, [same, same, success('Done.'), same])
    await expect.poll(() => page.locator('li').allInnerTexts()).toHaveLength(3)
    await store.post(owner, [same, { ...same, link: { href: '/page', text: 'Look' } }])
    await expect.poll(() => page.locator('li').count()).toBe(4)
    const texts = (await page.locator('li').allInnerTexts()).map(text => text.replaceAll(/\s+/g, ' ').trim())
    expect(texts).toEqual(['info Saved. × 2', 'success Done.', 'info Saved. × 2', 'info Saved. Look'])
    await expect.poll(() => unread(owner)).toEqual([])
  })

  it('are only what is newer than the page, where it says when it was made; of the rest it says how many wait', async () => {
    const owner = `reader-${users + 1}`
    await store.post(owner, [info('one'), info('two')])
    after = (await store.inbox(owner))[0]?.time.toISOString()
    const waiting: unknown[] = []
    const { page } = await opened('/template', async page => {
      await page.exposeFunction('tell', (count: unknown) => waiting.push(count))
      await page.addInitScript(
        "addEventListener('tidings:waiting', ({ detail }) => tell(detail.count))", // bubbles
      )
    })
    await hasStreams(1)
    await store.post(owner, info('three'))
    await expect.poll(() => page.locator('li p').first().textContent()).toBe('three')
    expect(await page.locator('li').count()).toBe(1)
    expect(await page.locator('[data-live-more]').innerText()).toBe('2 wait')
    expect(waiting).toEqual([1, 2])
    await expect.poll(() => unread(owner)).toEqual(['two', 'one'])
  })

  it('do not come any more when the reader is about to leave: they are on the next page', async () => {
    const { owner, page } = await opened()
    await hasStreams(1)
    await page.route('**/page?next', async route => {
      await expect.poll(() => open).toBe(0)
      await store.post(owner, info('Your job has started.'))
      await route.continue()
    })
    await page.evaluate("location.assign('/page?next')")
    await page.waitForURL('**/page?next')
    await shows(page, ['Your job has started.'])
    expect(confirms).toEqual([])
    await expect.poll(() => unread(owner)).toEqual([])
  })

  it('come again when the reader has stayed after all, as after a download', async () => {
    const { owner, page } = await opened('/page', page => page.clock.install())
    await hasStreams(1)
    await page.route('**/page?file', route => route.fulfill({ status: 204 }))
    await page.evaluate("location.assign('/page?file')")
    await expect.poll(() => open).toBe(0)
    await page.clock.fastForward(10_000)
    await hasStreams(2)
    await store.post(owner, info('after the download'))
    await shows(page, ['after the download'])
  })

  it('come again after the server has refused a stream', async () => {
    let refusals = 0
    const { owner, page } = await opened('/page', async page => {
      await page.route('**/messages/stream', route =>
        refusals++ === 0 ? route.fulfill({ status: 503 }) : route.continue(),
      )
    })
    await store.post(owner, info('after all'))
    await expect.poll(() => items(page)).toHaveLength(1)
  })

  it('leave a tab alone whose place a newer one has taken, until somebody turns to it', async () => {
    const { owner, context, page } = await opened()
    await hasStreams(1)
    const tabs: Page[] = []
    for (let i = 0; i < 5; i++) {
      const tab = await context.newPage()
      await tab.goto('/page')
      tabs.push(tab)
    }
    await hasStreams(6)
    await store.post(owner, info('to all of them'))
    for (const tab of [page, ...tabs]) await shows(tab, ['to all of them'])
    expect(ownStreams()).toBe(6)
    await page.evaluate(() => dispatchEvent(new Event('focus')))
    await hasStreams(7)
  })

  it('are only missing where the browser has no EventSource', async () => {
    const { owner, page } = await opened('/page', async page => {
      await page.addInitScript('delete window.EventSource')
    })
    await store.post(owner, info('on the next page'))
    await page.goto('/page')
    await shows(page, ['on the next page'])
    expect(ownStreams()).toBe(0)
  })
})
