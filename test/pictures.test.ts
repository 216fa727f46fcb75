import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findChromium } from './chromium.ts'
import { startWeb, startWorker, type TidingsProcess } from './process.ts'

const executablePath = findChromium()
if (!executablePath) {
  const remedy = 'Install one (on Debian: apt-get install chromium), or name it in CHROMIUM.'
  if (process.env.REQUIRE_BROWSER)
    throw new Error(`The pictures are required, and there is no Chromium. ${remedy}`)
  console.log(`The pictures are left out: there is no Chromium on this machine. ${remedy}`)
}

const IMAGES = join(import.meta.dirname, '../docs/images')
const MINUTE = 60_000

const LOOKS = {
  'wide-light': { viewport: { width: 1280, height: 800 }, colorScheme: 'light' },
  'wide-dark': { viewport: { width: 1280, height: 800 }, colorScheme: 'dark' },
  'narrow-light': { viewport: { width: 320, height: 640 }, colorScheme: 'light' },
  'narrow-dark': { viewport: { width: 320, height: 640 }, colorScheme: 'dark' },
} as const

// The pictures in docs/images. They are taken where one is missing, and anew with SCREENSHOTS=1; each time it is made sure that
// the page that they show comes, and fits its window.
describe.skipIf(!executablePath)('the pictures of the main pages', () => {
  let dataDir: string
  let web: TidingsProcess & { address: string }
  let worker: TidingsProcess
  let browser: Browser
  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'tidings-pictures-'))
    await mkdir(IMAGES, { recursive: true })
    web = await startWeb({ DATA_DIR: dataDir })
    worker = await startWorker({ DATA_DIR: dataDir })
    browser = await chromium.launch({
      executablePath,
      args: ['--no-sandbox', '--disable-background-networking'],
    })
  })
  afterAll(async () => {
    await browser?.close()
    await Promise.all([web?.end('SIGTERM'), worker?.end('SIGTERM')])
    await rm(dataDir, { recursive: true, force: true })
  })

  async function loggedIn(
    username: string,
    look: keyof typeof LOOKS,
    javaScriptEnabled = true,
  ): Promise<Page> {
    const context = await browser.newContext({ baseURL: web.address, javaScriptEnabled, ...LOOKS[look] })
    context.setDefaultTimeout(30_000)
    const page = await context.newPage()
    await page.goto('/login')
    await page.getByLabel('Name').fill(username)
    await page.getByLabel('Password').fill('tidings-demo')
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: 'Log out' }).waitFor()
    return page
  }

  async function take(page: Page, name: string): Promise<void> {
    const { scrollWidth, innerWidth } = await page.evaluate(() => ({
      scrollWidth: document.documentElement.scrollWidth,
      innerWidth: window.innerWidth,
    }))
    expect(scrollWidth, name).toBeLessThanOrEqual(innerWidth)
    const path = join(IMAGES, `${name}.png`)
    const isThere = await stat(path).then(
      () => true,
      () => false,
    )
    const image = await page.screenshot(isThere && !process.env.SCREENSHOTS ? {} : { path })
    expect(image.length).toBeGreaterThan(5000)
  }

  async function startDemo(page: Page, label: string, outcome: string, seconds = '0'): Promise<void> {
    await page.goto('/jobs')
    const form = page.locator('form[action="/jobs/demo"]')
    await form.getByLabel('Label').fill(label)
    await form.locator('[name=outcome]').selectOption(outcome)
    await form.locator('[name=seconds]').fill(seconds)
    await form.locator('[type=submit]').click()
    await page.waitForURL(/\/jobs\/[\w-]{20,}$/)
  }
  const ended = (url: string) =>
    worker.logged(({ jobId, msg }) => url.endsWith(String(jobId)) && msg.startsWith('job ended'))

  it.each(Object.keys(LOOKS) as (keyof typeof LOOKS)[])('%s', { timeout: 3 * MINUTE }, async look => {
    const page = await loggedIn('alice', look, false)
    const endings = [
      ['the monthly report', 'fail'],
      ['the photo album', 'partial'],
      ['the newsletter', 'succeed'],
      ['the archive', 'succeed'],
      ['the backup', 'succeed'],
    ] as const
    const urls: string[] = []
    // For a picture they end when all have been started, so that one page tells of all.
    for (const [label, outcome] of endings) {
      await startDemo(page, label, outcome, process.env.SCREENSHOTS ? '6' : '0')
      urls.push(page.url())
    }
    await page.goto('/healthz')
    for (const url of urls) await ended(url)

    await page.goto('/')
    await take(page, `messages-${look}`)
    await page.goto('/jobs')
    await take(page, `jobs-${look}`)
    await page.goto('/inbox')
    await page.getByText('the monthly report').first().waitFor()
    await take(page, `inbox-${look}`)
    await page.goto('/posts/new')
    await take(page, `write-${look}`)

    const csv =
      'title,body\nA walk in the rain,"It rained, and then\nit stopped."\n,no title\nSoup,Take an onion.\n'
    await page.goto('/jobs')
    const form = page.locator('form[action="/jobs/import-posts"]')
    const file = { name: 'posts.csv', mimeType: 'text/csv', buffer: Buffer.from(csv) }
    await form.locator('[type=file]').setInputFiles(file)
    await form.locator('[type=submit]').click()
    await page.waitForURL(/\/jobs\/[\w-]{20,}$/)
    await ended(page.url())
    await page.reload()
    await take(page, `job-${look}`)
    await page.context().close()

    const staff = await loggedIn('staff', look, false)
    for (const [path, name] of [
      ['/admin/messages', 'staff-messages'],
      ['/admin/jobs', 'staff-jobs'],
    ] as const) {
      await staff.goto(path)
      await staff.getByRole('heading', { level: 1 }).waitFor()
      await take(staff, `${name}-${look}`)
    }
    await staff.context().close()
  })
})
