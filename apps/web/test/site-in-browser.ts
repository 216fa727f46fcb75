import type { AddressInfo } from 'node:net'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { findChromium } from '../../../test/chromium.ts'
import { PASSWORD, type testSite } from './client.ts'

const executablePath = findChromium()
if (!executablePath) {
  const remedy = 'Install one (on Debian: apt-get install chromium), or name it in CHROMIUM.'
  if (process.env.REQUIRE_BROWSER)
    throw new Error(`The browser tests are required, and there is no Chromium. ${remedy}`)
  console.log(`The browser tests are left out: there is no Chromium on this machine. ${remedy}`)
}

/** Whether this machine has a browser: `describe.skipIf(!hasBrowser)`. */
export const hasBrowser = executablePath !== undefined

/**
 * Has a site of {@link testSite} listen, for a real browser, for as long as the test file runs. A fault in a page's script fails
 * the test; what a test has opened is closed after it.
 */
export function siteInBrowser({ app }: Pick<Awaited<ReturnType<typeof testSite>>, 'app'>) {
  let browser: Browser
  let baseURL: string
  const faults: string[] = []

  beforeAll(async () => {
    if (!executablePath) return
    await app.listen({ port: 0, host: '127.0.0.1' })
    baseURL = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
    // Only pages of our own are opened, and a sandbox can't be had as root or in most containers.
    browser = await chromium.launch({
      executablePath,
      args: ['--no-sandbox', '--disable-background-networking'],
    })
  })
  afterEach(async () => {
    for (const context of browser?.contexts() ?? []) await context.close()
    expect(faults.splice(0)).toEqual([])
  })
  afterAll(() => browser?.close())

  /** A browser's first tab, on the front page; logged in, where a name is given. */
  async function open(username?: string, options: BrowserContextOptions = {}): Promise<Page> {
    const context = await browser.newContext({ baseURL, viewport: { width: 1280, height: 800 }, ...options })
    context.on('weberror', fault => faults.push(String(fault.error())))
    const page = await context.newPage()
    if (username === undefined) await page.goto('/')
    else await logIn(page, username)
    return page
  }

  return { open, address: () => baseURL }
}

/** Fills in the login form, as one of the site's users. */
export async function logIn(page: Page, username: string): Promise<void> {
  await page.goto('/login')
  await page.getByLabel('Name').fill(username)
  await page.getByLabel('Password').fill(PASSWORD)
  await page.keyboard.press('Enter')
  await page.getByRole('button', { name: 'Log out' }).waitFor()
}
