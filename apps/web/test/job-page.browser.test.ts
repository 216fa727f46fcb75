import { mkdir } from 'node:fs/promises'
import type { Page } from 'playwright-core'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { axeFaults } from '../../../test/axe.ts'
import { testSite } from './client.ts'
import { hasBrowser, siteInBrowser } from './site-in-browser.ts'

// A browser on a machine that may have much else to do.
vi.setConfig({ testTimeout: 60_000 })

const site = await testSite()
const demo = site.definitions.demo as NonNullable<typeof site.definitions.demo>
const worker = await site.jobs.work({ concurrency: 5 })
afterAll(() => worker.close({ force: true }))
const { open } = siteInBrowser(site)
const soon = { timeout: 20_000 }

/** Opens the page of a new job of alice's. */
async function openJob(
  page: Page,
  seconds: number,
  outcome: 'succeed' | 'fail' = 'succeed',
): Promise<string> {
  const { id } = await site.jobs.enqueue(demo, { label: 'mine', seconds, outcome }, { owner: site.alice.id })
  await page.goto(`/jobs/${id}`)
  return id
}

const stateOf = (page: Page) => page.locator('.job').getAttribute('data-state')

/** Marks the document: a page that was loaded anew has no mark. */
const mark = (page: Page) => page.evaluate('void (window.isSamePage = true)')
const isSamePage = (page: Page) => page.evaluate('window.isSamePage === true')

describe.skipIf(!hasBrowser)('a job’s page in a browser', () => {
  it('follows its job to the end without a reload, and says so to who can’t see it', async () => {
    const page = await open('alice')
    await openJob(page, 2)
    await mark(page)
    await page.getByRole('progressbar').waitFor()
    await expect.poll(() => stateOf(page), soon).toBe('completed')
    expect(await isSamePage(page)).toBe(true)
    expect(await page.locator('.now').innerText()).toBe('Done')
    expect(await page.getByRole('progressbar').count()).toBe(0)
    expect(await page.locator('#job-said').innerText()).toBe('Done')
    expect(await page.getByText('You may leave this page').count()).toBe(0)
    // What came by the stream works like what came with the page.
    await page.getByRole('button', { name: 'Run again with the same input' }).click()
    await page.waitForURL(url => !url.pathname.endsWith('undefined'))
    await expect.poll(() => isSamePage(page), soon).toBe(false)
    expect(await page.locator('dd', { hasText: 'mine' }).count()).toBe(1)
  })

  it('leaves the focus where it is, and on the state where its place is gone', async () => {
    const page = await open('alice')
    await openJob(page, 3)
    const back = page.getByRole('link', { name: '← Back to jobs' })
    await back.focus()
    await page.getByRole('progressbar').waitFor()
    expect(await back.evaluate(link => link === document.activeElement)).toBe(true)
    const cancel = page.getByRole('button', { name: 'Cancel this job' })
    await cancel.focus()
    const before = await page.locator('.progress').innerText()
    await expect
      .poll(
        async () =>
          (await page.locator('.progress').count()) === 0 ||
          (await page.locator('.progress').innerText()) !== before,
        soon,
      )
      .toBe(true)
    await expect.poll(() => stateOf(page), soon).toBe('completed')
    expect(await page.evaluate(() => document.activeElement?.className)).toBe('now')
  })

  it('is refreshed by a link where there is no JavaScript', async () => {
    const page = await open('alice', { javaScriptEnabled: false })
    const id = await openJob(page, 1)
    await expect.poll(async () => (await site.jobs.find(id, {}))?.state, soon).toBe('completed')
    expect(await stateOf(page)).not.toBe('completed')
    await page.getByRole('link', { name: 'Refresh' }).click()
    await expect.poll(() => stateOf(page), soon).toBe('completed')
  })

  it('goes on after the back button, and when it is looked at again', async () => {
    const page = await open('alice')
    const id = await openJob(page, 2)
    await page.getByRole('link', { name: 'Posts', exact: true }).click()
    await expect.poll(async () => (await site.jobs.find(id, {}))?.state, soon).toBe('completed')
    await page.goBack()
    await expect.poll(() => stateOf(page), soon).toBe('completed')
  })

  it('starts one job where the button is pressed twice, and disables it meanwhile', async () => {
    const page = await open('alice')
    await page.goto('/jobs')
    const form = page.locator('form[action="/jobs/demo"]')
    await form.getByLabel('Label').fill('pressed twice')
    await form.locator('[name=seconds]').fill('0')
    // While the answer is on its way, nothing can be asked of the page: it keeps for later what it saw.
    await page.evaluate(() => {
      const button = document.querySelector('form[action="/jobs/demo"] [type=submit]') as HTMLButtonElement
      new MutationObserver(() => sessionStorage.setItem('disabled', String(button.disabled))).observe(
        button,
        {
          attributes: true,
        },
      )
    })
    await form.locator('[type=submit]').dblclick()
    await page.waitForURL(/\/jobs\/[\w-]{22}$/)
    expect(await page.evaluate(() => sessionStorage.getItem('disabled'))).toBe('true')
    const list = await site.jobs.list({ owner: site.alice.id })
    expect(list.filter(({ input }) => (input as { label: string }).label === 'pressed twice')).toHaveLength(1)
    await page.goBack()
    await expect.poll(() => form.locator('[type=submit]').isEnabled()).toBe(true)
  })

  it.each([
    { name: 'light-1280', viewport: { width: 1280, height: 900 }, colorScheme: 'light' as const },
    { name: 'dark-320', viewport: { width: 320, height: 640 }, colorScheme: 'dark' as const },
  ])('is for everybody while it runs and when it has ended: $name', async ({ name, ...look }) => {
    const page = await open('alice', look)
    const shots = process.env.SHOTS
    if (shots) await mkdir(shots, { recursive: true })
    const check = async (what: string) => {
      if (shots) await page.screenshot({ path: `${shots}/${what}-${name}.png`, fullPage: true })
      expect(await axeFaults(page), what).toEqual([])
      expect(await page.evaluate(() => document.documentElement.scrollWidth), what).toBeLessThanOrEqual(
        look.viewport.width,
      )
    }
    await openJob(page, 20)
    await page.getByRole('progressbar').waitFor()
    await check('running')
    await page.getByRole('button', { name: 'Cancel this job' }).click()
    await expect.poll(() => stateOf(page), soon).toBe('cancelled')
    await check('cancelled')
    await page.goto('/jobs?state=cancelled&kind=demo')
    await check('list')
    await page.goto('/jobs?state=failed&kind=export-posts')
    await check('none')
  })
})
