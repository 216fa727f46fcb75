import { randomUUID } from 'node:crypto'
import { error, info, success, warning } from '@tidings/messages'
import { Redis } from 'ioredis'
import type { Page } from 'playwright-core'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { axeFaults } from '../../../test/axe.ts'
import { ended, PASSWORD, redisUrl, type Site, testSite } from './client.ts'
import { openGate } from './gate.ts'
import { backgroundFaults, focusFaults, layoutFaults, motionFaults, spaceOut } from './page-fit.ts'
import { ROUTES, sweptObjects } from './route-classes.ts'
import { hasBrowser, siteInBrowser } from './site-in-browser.ts'

// Each page is looked at in five ways, on a machine that may have much else to do.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 90_000 })

/** Routes that show no page of ours; all other GET routes of ROUTES are opened, whichever is added there. */
const NO_PAGES = [
  'GET /healthz',
  'GET /readyz',
  'GET /assets/*',
  'GET /favicon.ico',
  // @bull-board's own.
  'GET /admin/queues',
  'GET /admin/queues/',
  'GET /admin/queues/api/queues',
  'GET /admin/queues/*',
]

const pages = Object.entries(ROUTES).flatMap(([key, kind]) =>
  key.startsWith('GET ') && !kind.isStream && !NO_PAGES.includes(key)
    ? [{ ...kind, url: key.slice('GET '.length) }]
    : [],
)

/** What a window of 1280 × 1024 pixels has left at 400 %. */
const ZOOMED = { viewport: { width: 320, height: 256 }, deviceScaleFactor: 4 }
const WIDE = { width: 1280, height: 1024 }
const LONG = 'Donaudampfschifffahrtsgesellschaftskapitänskajütenschlüssel'

/** A site on which nothing has happened, behind a gate that can be shut. */
const gate = await openGate(redisUrl())
const redis = new Redis({ ...gate.address, commandTimeout: 700, maxRetriesPerRequest: 1 })
redis.on('error', () => {})
afterAll(async () => {
  redis.disconnect()
  await gate.close()
})
const empty = await testSite({ redis })
await empty.blog.users.create({ username: 'ada', password: PASSWORD, role: 'staff' })
const { open: openEmpty } = siteInBrowser(empty)

/** A site with lists of more than one page, long words, and jobs in all their states: alice's. */
const site = await testSite()
const { blog, jobs, store, alice } = site
const worker = await jobs.work({ concurrency: 2 })
afterAll(() => worker.close({ force: true }))
await blog.users.create({ username: 'ada', password: PASSWORD, role: 'staff' })
/** Addresses of jobs in all their states. */
const paths: Record<string, string> = {}
/** The address of a file that is kept no more. */
let download = ''
// Before the site listens: then it answers at one address alone.
if (hasBrowser) await fill()
const { open } = siteInBrowser(site)

/** What is wrong with the page, each fault with how the page was looked at; the page is left as it was found. */
async function faultsOf(page: Page, name: string): Promise<string[]> {
  const { pathname } = new URL(page.url())
  const faults: string[] = []
  const note = (how: string, found: string[]) =>
    faults.push(...found.map(fault => `${name} (${pathname}), ${how}: ${fault}`))
  note('at 400 %', [...(await axeFaults(page)), ...(await page.evaluate(layoutFaults))])
  await page.evaluate(spaceOut)
  note('spaced out', await page.evaluate(layoutFaults))
  await page.evaluate(() => {
    document.adoptedStyleSheets = []
  })
  await page.keyboard.press('Tab')
  note('by keyboard', await page.evaluate(focusFaults))
  await page.emulateMedia({ forcedColors: 'active', reducedMotion: 'reduce' })
  note('in forced colours', [
    ...(await page.evaluate(layoutFaults)),
    ...(await page.evaluate(focusFaults)),
    ...(await page.evaluate(backgroundFaults)),
    ...(await page.evaluate(motionFaults)),
  ])
  // Nothing moves from one scheme to the other, or colours would be measured on their way.
  await page.emulateMedia({ forcedColors: 'none', colorScheme: 'dark' })
  await page.setViewportSize(WIDE)
  note('dark and wide', [
    ...(await axeFaults(page, ['color-contrast'])),
    ...(await page.evaluate(layoutFaults)),
  ])
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'no-preference' })
  await page.setViewportSize(ZOOMED.viewport)
  return faults
}

/** Opens all pages of these classes, one after the other. */
async function faultsOfAll(
  page: Page,
  of: Site,
  whose: readonly (typeof pages)[number]['for'][],
): Promise<string[]> {
  const faults: string[] = []
  for (const { at, url, for: who } of pages) {
    if (!whose.includes(who)) continue
    const objects = at && (await sweptObjects(of))
    const address = objects ? at(objects) : url
    // A file is no page, unless it is gone.
    if (url === '/files/:id') continue
    const answer = await page.goto(address)
    expect(answer?.headers()['content-type'], address).toContain('text/html')
    faults.push(...(await faultsOf(page, url)))
  }
  return faults
}

/** Sends a form of the open page though its browser would say first what is wrong. */
async function send(page: Page, action: string): Promise<void> {
  const answer = page.waitForEvent('load')
  await page.locator(`form[action="${action}"]`).evaluate((form: HTMLFormElement) => {
    form.noValidate = true
    form.requestSubmit()
  })
  await answer
}

describe.skipIf(!hasBrowser)('at 400 %, spaced out, dark, in forced colours and by keyboard', () => {
  it('a visitor’s pages are for everybody', async () => {
    const page = await openEmpty(undefined, ZOOMED)
    const faults = await faultsOf(page, 'no posts')
    await page.goto('/login')
    faults.push(...(await faultsOf(page, 'login')))
    await send(page, '/login')
    faults.push(...(await faultsOf(page, 'login refused')))
    await page.goto('/nowhere')
    faults.push(...(await faultsOf(page, 'not found')))
    expect(faults).toEqual([])
  })

  it('the pages of who has nothing yet are for everybody', async () => {
    const page = await openEmpty('bob', ZOOMED)
    expect(await faultsOfAll(page, empty, ['anybody', 'users'])).toEqual([])
  })

  it('a staff area in which nothing has happened is for everybody', async () => {
    const page = await openEmpty('ada', ZOOMED)
    const faults: string[] = []
    for (const path of ['/admin', '/admin/messages', '/admin/jobs', '/admin/audit']) {
      await page.goto(path)
      faults.push(...(await faultsOf(page, 'empty')))
    }
    expect(faults).toEqual([])
  })

  it('a page that can’t be had while Redis is away is for everybody, and so is a form that comes back', async () => {
    const page = await openEmpty('alice', ZOOMED)
    await page.goto('/posts/new')
    const writing = await page.context().newPage()
    await writing.goto('/posts/new')
    await writing.getByLabel('Title').fill(LONG)
    await writing.getByLabel('Text').fill(LONG)
    await page.goto('/jobs')
    await gate.shut()
    await send(writing, '/posts')
    const faults = await faultsOf(writing, 'a post comes back')
    await send(page, '/jobs/demo')
    faults.push(...(await faultsOf(page, 'a job comes back')))
    expect((await page.goto('/inbox'))?.status()).toBe(503)
    faults.push(...(await faultsOf(page, 'away')))
    await gate.open()
    expect(faults).toEqual([])
  })

  describe('where there is much', () => {
    it('a user’s pages are for everybody', async () => {
      const page = await open('alice', ZOOMED)
      await page.goto('/inbox')
      const faults = await faultsOf(page, 'inbox')
      faults.push(...(await faultsOfAll(page, site, ['anybody', 'users', 'owner'])))
      await page.goto('/posts/mine?page=2')
      faults.push(...(await faultsOf(page, 'second page')))
      await page.goto('/inbox?level=error')
      faults.push(...(await faultsOf(page, 'filtered')))
      expect(faults).toEqual([])
    })

    it('a page with messages of each level is for everybody', async () => {
      const page = await open('alice', ZOOMED)
      const link = { href: '/jobs', text: LONG }
      // An open page would be told at once.
      await page.goto('/healthz')
      await store.post(alice.id, [
        info('One', { link }),
        success(LONG),
        warning('Three'),
        error('Four'),
        error('Four'),
      ])
      await page.goto('/account')
      await page.locator('details.fold summary').click()
      expect(await faultsOf(page, 'messages')).toEqual([])
    })

    it('the pages of a job are for everybody, however it stands', async () => {
      const page = await open('alice', ZOOMED)
      const faults: string[] = []
      for (const [name, path] of Object.entries(paths)) {
        await page.goto(path)
        faults.push(...(await faultsOf(page, name)))
      }
      await page.goto(String(paths.imported))
      await page.getByRole('button', { name: /again/i }).click()
      await page.getByText('Choose the file once more').waitFor()
      faults.push(...(await faultsOf(page, 'upload gone')))
      const { list } = jobs
      jobs.list = async options =>
        (await list.call(jobs, options)).map(view =>
          view.name === 'export-posts'
            ? { ...view, result: { ...(view.result as object), expiresAt: new Date(0).toISOString() } }
            : view,
        )
      expect((await page.goto(download))?.status()).toBe(410)
      jobs.list = list
      faults.push(...(await faultsOf(page, 'download gone')))
      expect(faults).toEqual([])
    })

    it('forms that were refused are for everybody', async () => {
      const page = await open('alice', ZOOMED)
      const faults: string[] = []
      for (const [path, action] of [
        ['/account', '/account/password'],
        ['/posts/new', '/posts'],
        ['/jobs', '/jobs/import-posts'],
      ] as const) {
        await page.goto(path)
        await send(page, action)
        faults.push(...(await faultsOf(page, `${action} refused`)))
      }
      await page.goto('/posts/mine')
      await page.getByRole('link', { name: /^Edit/ }).first().click()
      await page.waitForURL('**/edit')
      const other = await page.context().newPage()
      await other.goto(page.url())
      await other.getByLabel('Text').fill(`${LONG}\nand more`)
      await other.getByRole('button', { name: 'Save' }).click()
      await other.waitForURL(/\/posts\/[^/]+$/)
      await page.getByLabel('Text').fill('Written meanwhile.')
      await page.getByRole('button', { name: 'Save' }).click()
      await page.getByText('The newer version', { exact: true }).waitFor()
      faults.push(...(await faultsOf(page, 'a newer version is there')))
      expect(faults).toEqual([])
    })

    it('staff’s pages are for everybody', async () => {
      const page = await open('ada', ZOOMED)
      const faults = await faultsOfAll(page, site, ['staff'])
      await page.goto('/admin/jobs?state=failed')
      await page.locator('details.groups summary').click()
      faults.push(...(await faultsOf(page, 'failed')))
      await page.goto(String(paths.running).replace('/jobs', '/admin/jobs'))
      faults.push(...(await faultsOf(page, 'running')))

      await page.goto('/admin/messages')
      await page.getByLabel('Names', { exact: true }).fill(`alice, ${LONG} nobody`)
      await send(page, '/admin/messages/preview')
      faults.push(...(await faultsOf(page, 'refused')))
      await page.getByLabel('Names', { exact: true }).fill('alice')
      await page.getByLabel('Text', { exact: true }).fill(`${LONG}\nSecond line`)
      await page.getByLabel('Until').fill(new Date(Date.now() + 60 * 60_000).toISOString().slice(0, 16))
      await send(page, '/admin/messages/preview')
      faults.push(...(await faultsOf(page, 'preview')))
      await page.getByRole('button', { name: 'Change it' }).click()
      await page.getByLabel(/^Everyone/).check()
      await send(page, '/admin/messages/preview')
      await send(page, '/admin/messages')
      faults.push(...(await faultsOf(page, 'to everyone, refused')))
      await page.getByRole('button', { name: 'Change it' }).click()
      await page.getByLabel('People by name').check()
      await send(page, '/admin/messages/preview')
      await send(page, '/admin/messages')
      await page.locator('summary', { hasText: /^Who$/ }).click()
      faults.push(...(await faultsOf(page, 'sent')))
      await page.getByRole('button', { name: /^Take it back/ }).click()
      await page.getByText('Taken back', { exact: true }).waitFor()
      faults.push(...(await faultsOf(page, 'taken back')))
      expect(faults).toEqual([])
    })
  })
})

async function fill(): Promise<void> {
  const author = { author: 'alice', authorId: alice.id }
  for (let i = 0; i < 22; i++)
    await blog.posts.save({
      ...author,
      id: randomUUID(),
      title: i === 0 ? LONG : `Post ${i}`,
      body: `First line of ${LONG}\nSecond line\n\n${'word '.repeat(200)}`,
      tags: ['news', LONG.slice(0, 40)],
      ...(i % 7 !== 1 && { publishedAt: new Date(Date.UTC(2026, 0, 1, i)) }),
    })

  const browser = site.browser()
  await browser.logIn('alice')
  const start = async (fields: Record<string, string>) =>
    String((await browser.submit('/jobs', '/jobs/demo', fields)).headers.location)
  for (const outcome of ['succeed', 'partial', 'fail'])
    paths[outcome] = await start({ label: `${outcome} ${LONG}`, outcome, seconds: '0' })
  const content = `title,body\n${Array.from({ length: 30 }, () => ',no title\n').join('')}One,Two\n`
  const imported = await browser.upload('/jobs', '/jobs/import-posts', { name: `${LONG}.csv`, content })
  paths.imported = String(imported.headers.location)
  paths.exported = String(
    (await browser.submit('/jobs', '/jobs/export-posts', { format: 'csv' })).headers.location,
  )
  for (const path of Object.values(paths)) await ended(browser, path)
  const { body } = await browser.get(String(paths.exported), { 'sec-fetch-dest': 'empty' })
  const [, file = ''] = /href="(\/files\/[^"]+)"/.exec(body) ?? []
  download = file
  await site.redis.del(`${site.prefix}:blog:file:${file.replace('/files/', '')}`)
  const uploads = await jobs.list({ owner: alice.id, name: 'import-posts' })
  for (const { input } of uploads) {
    const { file: upload } = input as { file: string }
    await site.redis.del(`${site.prefix}:blog:file:${upload}`)
  }
  for (const name of ['running', 'running too', 'waiting'])
    paths[name] = await start({ label: LONG, outcome: 'hang', seconds: '3000' })
  for (let i = 0; i < 12; i++) await start({ label: `again ${i}`, outcome: 'hang', seconds: '3000' })

  const sender = { id: alice.id, username: 'a'.repeat(40) }
  for (let i = 0; i < 22; i++) {
    const written = {
      to: 'everyone',
      recipients: 1_000_000,
      level: 30,
      text: `${LONG} ${i}`,
      sentAt: new Date(),
    } as const
    await blog.staffMessages.keep({ id: randomUUID(), sender, ...written })
    await blog.audit.begin({
      by: sender,
      action: 'message.send',
      to: LONG,
      count: 1,
      text: LONG,
      request: LONG,
    })
  }
  const many = Array.from({ length: 30 }, (_, i) => (i % 3 === 0 ? error(`${LONG} ${i}`) : info(`Note ${i}`)))
  await store.post(alice.id, many)
}
