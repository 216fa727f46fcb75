import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { axeFaults } from './axe.ts'
import { findChromium } from './chromium.ts'
import { startWeb, startWorker, type TidingsProcess } from './process.ts'

const executablePath = findChromium()
if (!executablePath) {
  const remedy = 'Install one (on Debian: apt-get install chromium), or name it in CHROMIUM.'
  if (process.env.REQUIRE_BROWSER)
    throw new Error(`The browser tests are required, and there is no Chromium. ${remedy}`)
  console.log(`The browser tests of posts are left out: there is no Chromium on this machine. ${remedy}`)
}

const NARROW = { width: 320, height: 640 }

describe.skipIf(!executablePath)('posts in a browser', () => {
  let dataDir: string
  let web: TidingsProcess & { address: string }
  let worker: TidingsProcess
  let browser: Browser

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'tidings-posts-'))
    web = await startWeb({ DATA_DIR: dataDir })
    worker = await startWorker({ DATA_DIR: dataDir })
    browser = await chromium.launch({
      executablePath,
      args: ['--no-sandbox', '--disable-background-networking'],
    })
  }, 90_000)
  afterAll(async () => {
    await browser?.close()
    await Promise.all([web?.end('SIGTERM'), worker?.end('SIGTERM')])
    await rm(dataDir, { recursive: true, force: true })
  })

  async function visitor(options: BrowserContextOptions = {}): Promise<Page> {
    const context = await browser.newContext({ baseURL: web.address, ...options })
    context.setDefaultTimeout(30_000)
    return context.newPage()
  }

  async function loggedIn(username: string, options: BrowserContextOptions = {}): Promise<Page> {
    const page = await visitor(options)
    await page.goto('/login')
    await page.getByLabel('Name').fill(username)
    await page.getByLabel('Password').fill('tidings-demo')
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: 'Log out' }).waitFor()
    return page
  }

  const messages = (page: Page) => page.locator('ul.messages > li').allInnerTexts()

  /** All that the inbox holds, once it tells of the post: the worker takes its time, and a page may have shown it by itself. */
  async function told(page: Page, text: string): Promise<void> {
    const inbox = async () => {
      await page.goto('/inbox')
      return page.locator('main').innerText()
    }
    await expect.poll(inbox, { timeout: 60_000 }).toContain(text)
  }

  /** This minute, as a field for a time holds it in a zone so many hours ahead of UTC. */
  const thisMinute = (hours = 0) => new Date(Date.now() + hours * 60 * 60_000).toISOString().slice(0, 16)

  it.each([
    ['in the zone of its reader', { timezoneId: 'Asia/Tokyo' }, 9],
    ['in UTC, without JavaScript', { timezoneId: 'Asia/Tokyo', javaScriptEnabled: false }, 0],
  ])(
    'is written for a time %s, and is there when it has come',
    async (title, options, ahead) => {
      const alice = await loggedIn('alice', options)
      await alice.getByRole('link', { name: 'Write a post' }).click()
      await alice.getByLabel('Title').fill(title)
      await alice.getByLabel('Text').fill('It rained.\n\nThen it cleared.')
      await alice.getByLabel('At a time').check()
      await alice
        .getByLabel(ahead === 0 ? 'Date and time (UTC)' : 'Date and time (in Asia/Tokyo)')
        .fill(thisMinute(ahead))
      await alice.getByRole('button', { name: 'Save' }).click()
      await alice.getByRole('heading', { level: 1, name: title }).waitFor()
      const path = new URL(alice.url()).pathname
      expect((await messages(alice)).join('\n')).toMatch(/It will be published on|Your post is live/)
      await told(alice, `Your post “${title}” is live.`)
      const reader = await visitor()
      await reader.goto('/')
      await reader.getByRole('link', { name: title }).click()
      expect(new URL(reader.url()).pathname).toBe(path)
      expect(await reader.locator('.body p').allInnerTexts()).toEqual(['It rained.', 'Then it cleared.'])
    },
    60_000,
  )

  it('shows the time of a post in its author’s zone when it is edited, and keeps it as it was', async () => {
    const alice = await loggedIn('alice', { timezoneId: 'Asia/Tokyo' })
    await alice.goto('/posts/new')
    await alice.getByLabel('Title').fill('Tomorrow')
    await alice.getByLabel('Text').fill('x')
    const local = thisMinute(9 + 24)
    await alice.locator('#at').fill(local)
    expect(await alice.getByLabel('At a time').isChecked()).toBe(true)
    await alice.getByRole('button', { name: 'Save' }).click()
    const time = alice.locator('.standing time')
    const moment = await time.getAttribute('datetime')
    expect(moment).toBe(new Date(`${local}+09:00`).toISOString())
    await alice.getByRole('link', { name: 'Edit' }).click()
    expect(await alice.locator('#at').inputValue()).toBe(local)
    await alice.getByRole('button', { name: 'Save' }).click()
    expect(await time.getAttribute('datetime')).toBe(moment)
    expect((await messages(alice)).join()).not.toContain('will not be published')
  }, 180_000)

  it('says that a time is left out where the clocks are changed, and keeps it in its zone', async () => {
    const alice = await loggedIn('alice', { timezoneId: 'Europe/Berlin' })
    await alice.goto('/posts/new')
    await alice.getByLabel('Title').fill('In between')
    await alice.getByLabel('Text').fill('x')
    const year = new Date().getUTCFullYear() + 1
    // The last Sunday of March.
    const sunday = 31 - new Date(Date.UTC(year, 2, 31)).getUTCDay()
    await alice.locator('#at').fill(`${year}-03-${sunday}T02:30`)
    await alice.getByRole('button', { name: 'Save' }).click()
    await alice
      .getByRole('alert')
      .getByText(`There is no 02:30 on ${sunday} March ${year} in Europe/Berlin`)
      .waitFor()
    expect(await alice.getByLabel('Date and time (in Europe/Berlin)').inputValue()).toBe(
      `${year}-03-${sunday}T02:30`,
    )
  }, 180_000)

  it('says what is wrong, takes the focus there, and keeps what was typed', async () => {
    const bob = await loggedIn('bob', { viewport: NARROW, colorScheme: 'dark' })
    await bob.goto('/posts/new')
    await bob.getByLabel('Title').fill('Long')
    await bob.getByLabel('Text').fill('word '.repeat(5_000))
    await bob.getByRole('button', { name: 'Save' }).click()
    const problem = bob.getByRole('alert')
    await problem.waitFor()
    expect(await problem.evaluate(element => element === document.activeElement)).toBe(true)
    expect(await problem.innerText()).toContain('20,000 is the most')
    expect(await bob.getByLabel('Text').inputValue()).toBe('word '.repeat(5_000))
    expect(await axeFaults(bob)).toEqual([])
    await problem.getByRole('link').click()
    expect(await bob.evaluate(() => document.activeElement?.id)).toBe('body')
  }, 180_000)

  it('has pages that everybody can use, that hold whatever was written, and from which a post is deleted', async () => {
    const bob = await loggedIn('bob', { viewport: NARROW })
    await bob.goto('/posts/new')
    await bob.getByLabel('Title').fill('🎈'.repeat(100) + 'x'.repeat(100))
    await bob.getByLabel('Text').fill(`${'x'.repeat(10_000)}\n\n<script>alert(1)</script> مرحبا`)
    await bob.getByLabel('Tags').fill('y'.repeat(40))
    await bob.getByLabel('Not yet: keep it as a draft').check()
    await bob.getByRole('button', { name: 'Save' }).click()
    await bob.getByText('Only you see this post.').waitFor()
    const path = new URL(bob.url()).pathname
    for (const page of [path, `${path}/edit`, `${path}/delete`, '/posts/mine', '/posts/new', '/']) {
      await bob.goto(page)
      expect(await bob.evaluate(() => document.documentElement.scrollWidth), page).toBeLessThanOrEqual(320)
      expect(await axeFaults(bob), page).toEqual([])
    }
    await bob.goto('/posts/mine')
    await bob.getByRole('link', { name: /^Delete: 🎈/u }).click()
    await bob.getByRole('button', { name: 'Delete it' }).click()
    await bob.getByText('The post is deleted.').waitFor()
    expect((await bob.goto(path))?.status()).toBe(404)
  }, 180_000)
})
