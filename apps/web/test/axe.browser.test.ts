import { error, info, success, warning } from '@tidings/messages'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { axeFaults } from '../../../test/axe.ts'
import { testSite } from './client.ts'
import { hasBrowser, siteInBrowser } from './site-in-browser.ts'

// A page is opened, and looked through rule by rule, on a machine that may have much else to do.
vi.setConfig({ testTimeout: 60_000 })

const site = await testSite()
const worker = await site.jobs.work({ concurrency: 1 })
afterAll(() => worker.close({ force: true }))
const { open } = siteInBrowser(site)

const LOOKS = [
  { colorScheme: 'light', viewport: { width: 1280, height: 800 } },
  { colorScheme: 'dark', viewport: { width: 320, height: 640 } },
] as const

describe.skipIf(!hasBrowser).each(LOOKS)('in the $colorScheme, $viewport.width px wide', look => {
  beforeAll(async () => {
    for (const id of ['one', 'two'])
      await site.blog.posts.save({
        id,
        title: `Post ${id}`,
        body: 'First line\nSecond line',
        tags: ['news'],
        author: 'alice',
        authorId: site.alice.id,
        publishedAt: new Date(Date.UTC(2026, 0, 1)),
      })
  })

  /** No fault in what stands on the page, and nothing of it beyond its right edge. */
  async function expectGood(page: Page) {
    expect(await axeFaults(page), page.url()).toEqual([])
    const width = await page.evaluate(() => document.documentElement.scrollWidth)
    expect(width, page.url()).toBeLessThanOrEqual(look.viewport.width)
  }

  it.each(['/', '/login', '/posts/one', '/nowhere'])('a visitor’s page %s is for everybody', async path => {
    const page = await open(undefined, look)
    await page.goto(path)
    await expectGood(page)
  })

  it.each(['/', '/jobs', '/inbox', '/add_messages/', '/files/none'])(
    'a user’s page %s is for everybody, with messages of each level',
    async path => {
      const page = await open('alice', look)
      await site.store.post(site.alice.id, [
        info('One', { link: { href: '/jobs', text: 'Look' } }),
        success('Two'),
        warning('Three'),
        error('Four'),
        error('Four'),
      ])
      await page.goto(path)
      await expectGood(page)
    },
  )

  it.each(['succeed', 'partial', 'fail'])(
    'the page of a job that was told to %s is for everybody',
    async outcome => {
      const page = await open('alice', look)
      await page.goto('/jobs')
      const form = page.locator('form[action="/jobs/demo"]')
      await form.locator('[name=outcome]').selectOption(outcome)
      await form.locator('[name=seconds]').fill('0')
      await form.locator('[type=submit]').click()
      await page.waitForURL('**/jobs/*')
      await expect
        .poll(async () => {
          await page.reload()
          return page.locator('[data-state]').first().getAttribute('data-state')
        })
        .toMatch(/completed|failed/)
      await expectGood(page)
    },
  )

  it('forms that were refused are for everybody', async () => {
    const page = await open(undefined, look)
    await page.goto('/login')
    await page.getByLabel('Name').fill('alice')
    await page.getByLabel('Password').fill('wrong')
    await page.keyboard.press('Enter')
    await page.getByRole('alert').waitFor()
    await expectGood(page)
  })
})
