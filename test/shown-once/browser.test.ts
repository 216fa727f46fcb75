import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findChromium } from '../chromium.ts'
import { testRedis } from '../redis.ts'
import { Scene } from './scene.ts'
import type { Web } from './site.ts'

const executablePath = findChromium()
if (!executablePath) {
  const remedy = 'Install one (on Debian: apt-get install chromium), or name it in CHROMIUM.'
  if (process.env.REQUIRE_BROWSER)
    throw new Error(`The browser tests are required, and there is no Chromium. ${remedy}`)
  console.log(`The browser tests are left out: there is no Chromium on this machine. ${remedy}`)
}

const { prefix } = testRedis()

describe.skipIf(!executablePath)('in a browser', () => {
  let webs: [Web, Web]
  let scene: Scene
  const browsers: Browser[] = []
  beforeAll(async () => {
    webs = await Scene.webs({ prefix, store: 'redis' })
  })
  afterAll(async () => {
    await Promise.all(browsers.map(browser => browser.close()))
    await Promise.all(webs.map(web => web.end('SIGTERM')))
  })

  /** Somebody with a browser; Playwright's has no page cache unless it is asked for. */
  async function someone({ hasPageCache = false } = {}): Promise<{ user: string; page: Page }> {
    scene = new Scene(webs)
    const user = scene.user()
    const browser = await chromium.launch({
      executablePath,
      args: ['--no-sandbox', '--disable-background-networking'],
      ignoreDefaultArgs: hasPageCache ? ['--disable-back-forward-cache'] : [],
    })
    browsers.push(browser)
    const context = await browser.newContext({ baseURL: webs[0].address })
    context.setDefaultTimeout(20_000)
    await context.addCookies([{ name: 'user', value: user, url: webs[0].address }])
    return { user, page: await context.newPage() }
  }

  const textsOn = (page: Page) => page.locator('ul.messages > li').allInnerTexts()

  /** Sees a message, goes on to another page, and back; gives what stands there. */
  async function goBack(user: string, page: Page) {
    await scene.post(user, ['once'])
    await page.goto('/page')
    expect(await textsOn(page)).toEqual(['once'])
    await page.getByRole('link', { name: 'Links' }).click()
    await page.waitForURL('**/links')
    await page.goBack({ waitUntil: 'commit' })
    await expect.poll(() => page.url()).toMatch(/\/page$/)
    return textsOn(page)
  }

  it('the back button asks for the page anew, and the message is not on it', async () => {
    const { user, page } = await someone()
    expect(await goBack(user, page)).toEqual([])
  })

  // Chromium's page cache may keep pages in spite of "no-store"; the three lines of views/page.pug take the messages away.
  it('a page that the page cache brings back says its messages no second time', async () => {
    const { user, page } = await someone({ hasPageCache: true })
    expect(await goBack(user, page)).toEqual([])
    await scene.post(user, ['twice?'])
    await page.reload()
    expect(await textsOn(page)).toEqual(['twice?'])
    // Whether it keeps a page is up to the browser: here it brings one back for certain.
    await page.evaluate(() => dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true })))
    expect(await textsOn(page)).toEqual([])
  })

  it('a tab that is opened twice at once shows a message in one of the two', async () => {
    const { user, page } = await someone()
    await scene.post(user, ['once'])
    const twin = await page.context().newPage()
    await Promise.all([page.goto('/page'), twin.goto('/page')])
    expect([...(await textsOn(page)), ...(await textsOn(twin))]).toEqual(['once'])
  })

  it('what a page looks ahead at, embeds or fetches consumes nothing', async () => {
    const { user, page } = await someone()
    await scene.post(user, ['precious'])
    await page.goto('/looks-ahead')
    const kinds = [
      'link',
      'prefetch-rule',
      'prerender-rule',
      'frame',
      'image',
      'object',
      'fetch',
      'xhr',
      'event-source',
    ]
    const asked = async () => {
      const requests: { url: string }[] = JSON.parse((await webs[0].open(user, '/asked')).body)
      return kinds.filter(kind => requests.some(({ url }) => url.endsWith(`?by=${kind}`)))
    }
    await expect.poll(asked).toEqual(kinds)
    expect(await webs[0].waiting(user)).toBe(1)

    // The page that was rendered ahead was made without messages; they come on the one after it.
    await page.locator('#prerendered').click()
    await page.waitForURL('**/page?by=prerender-rule')
    const ahead = await textsOn(page)
    await page.goto('/page')
    expect([...ahead, ...(await textsOn(page))]).toEqual(['precious'])
  })
})
