import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { findChromium } from './chromium.ts'
import { startWeb, startWorker, type TidingsProcess } from './process.ts'

const executablePath = findChromium()
if (!executablePath) {
  const remedy = 'Install one (on Debian: apt-get install chromium), or name it in CHROMIUM.'
  if (process.env.REQUIRE_BROWSER)
    throw new Error(`The browser tests are required, and there is no Chromium. ${remedy}`)
  console.log(`The browser tests are left out: there is no Chromium on this machine. ${remedy}`)
}

describe.skipIf(!executablePath)('in a browser', () => {
  let dataDir: string
  let web: TidingsProcess & { address: string }
  let worker: TidingsProcess
  let browser: Browser

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'tidings-browser-'))
    web = await startWeb({ DATA_DIR: dataDir })
    worker = await startWorker({ DATA_DIR: dataDir })
    // Only pages of our own are opened, and a sandbox can't be had as root or in most containers.
    browser = await chromium.launch({
      executablePath,
      args: ['--no-sandbox', '--disable-background-networking'],
    })
  })
  // A page that is left open is told what comes for its reader.
  afterEach(async () => {
    for (const context of browser.contexts()) await context.close()
  })
  afterAll(async () => {
    await browser?.close()
    await Promise.all([web?.end('SIGTERM'), worker?.end('SIGTERM')])
    await rm(dataDir, { recursive: true, force: true })
  })

  async function loggedIn(username: string, options: BrowserContextOptions = {}): Promise<Page> {
    const context = await browser.newContext({
      baseURL: web.address,
      viewport: { width: 1280, height: 800 },
      ...options,
    })
    context.setDefaultTimeout(20_000)
    const page = await context.newPage()
    await page.goto('/')
    await page.getByRole('link', { name: 'Log in' }).click()
    await page.getByLabel('Name').fill(username)
    await page.getByLabel('Password').fill('tidings-demo')
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: 'Log out' }).waitFor()
    return page
  }

  /** The job runs for as long as its own page takes to open, so that its end is told on the page after that. */
  async function startDemo(page: Page, label: string, outcome: string): Promise<void> {
    await page.getByRole('link', { name: 'Jobs', exact: true }).click()
    const form = page.locator('form[action="/jobs/demo"]')
    await form.getByLabel('Label').fill(label)
    await form.locator('[name=outcome]').selectOption(outcome)
    await form.locator('[name=seconds]').fill('1.5')
    await form.locator('[type=submit]').click()
    await page.waitForURL('**/jobs/*')
  }

  const ended = (page: Page) =>
    worker.logged(({ jobId, msg }) => page.url().endsWith(String(jobId)) && msg.startsWith('job ended'))

  it('tells alice of her failed job on the page that is open, once, and keeps it in her inbox', async () => {
    const page = await loggedIn('alice')
    await startDemo(page, 'the weekly report', 'fail')
    const message = page.locator('ul.messages > li', { hasText: 'the weekly report' })
    await message.waitFor({ timeout: 30_000 })
    await ended(page)
    await page.getByRole('link', { name: 'Posts', exact: true }).click()
    await page.getByRole('heading', { name: 'Posts', level: 1 }).waitFor()
    expect(await message.count()).toBe(0)
    await page.getByRole('link', { name: /^Inbox/ }).click()
    await page.locator('ol.inbox > li', { hasText: 'the weekly report' }).waitFor()
  })

  it('tells alice of her failed job on the next page that she opens, once, and keeps it in her inbox', async () => {
    const page = await loggedIn('alice', { javaScriptEnabled: false })
    await startDemo(page, 'the monthly report', 'fail')
    await ended(page)

    await page.getByRole('link', { name: 'Posts', exact: true }).click()
    const message = page.locator('ul.messages > li')
    await expect.poll(() => message.count()).toBe(1)
    expect(await message.innerText()).toContain('the monthly report')
    expect(await message.getAttribute('class')).toContain('error')

    await page.reload()
    expect(await message.count()).toBe(0)
    await page.getByRole('link', { name: 'Inbox', exact: true }).click()
    expect(await page.locator('main').innerText()).toContain('the monthly report')
  })

  it('imports a file that alice uploads, and tells her which lines were bad', async () => {
    const page = await loggedIn('alice', { javaScriptEnabled: false })
    await page.getByRole('link', { name: 'Jobs', exact: true }).click()
    const csv =
      'title,body\nA walk in the rain,"It rained, and then\nit stopped."\n,no title\nSoup,Take an onion.\n'
    const form = page.locator('form[action="/jobs/import-posts"]')
    await form
      .locator('[type=file]')
      .setInputFiles({ name: 'posts.csv', mimeType: 'text/csv', buffer: Buffer.from(csv) })
    await form.locator('[type=submit]').click()
    await page.waitForURL('**/jobs/*')
    await ended(page)

    await page.reload()
    expect(await page.locator('[data-state]').first().getAttribute('data-state')).toBe('completed')
    expect(await page.locator('ul.messages > li').innerText()).toMatch(/2 posts[\s\S]*line 4/)
    await page.getByRole('link', { name: 'Posts', exact: true }).click()
    expect(await page.locator('main').innerText()).toContain('A walk in the rain')
  })

  it('works without JavaScript, on a screen of 320 px, and in the dark', async () => {
    const page = await loggedIn('bob', {
      javaScriptEnabled: false,
      viewport: { width: 320, height: 640 },
      colorScheme: 'dark',
    })
    await startDemo(page, 'on the telephone', 'succeed')
    await ended(page)
    await page.getByRole('link', { name: 'Posts', exact: true }).click()
    await expect.poll(() => page.locator('ul.messages > li').innerText()).toContain('on the telephone')
  })

  it('needs no scrolling sideways on any page at 320 px', async () => {
    const page = await loggedIn('bob', { viewport: { width: 320, height: 640 } })
    for (const path of ['/', '/jobs', '/inbox', '/add_messages/', '/nowhere']) {
      await page.goto(path)
      const width = await page.evaluate(() => document.documentElement.scrollWidth)
      expect(width, path).toBeLessThanOrEqual(320)
    }
  })
})
