import type { Page } from 'playwright-core'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { axeFaults } from '../../../test/axe.ts'
import { PASSWORD, testSite } from './client.ts'
import { hasBrowser, siteInBrowser } from './site-in-browser.ts'

// A machine may have much else to do.
vi.setConfig({ testTimeout: 90_000 })

const site = await testSite()
const { blog, jobs, definitions, alice } = site
await blog.users.create({ username: 'ada', password: PASSWORD, role: 'staff' })
const worker = await jobs.work({ concurrency: 2, version: '1.2.3' })
afterAll(() => worker.close({ force: true }))
const { demo } = definitions
if (!demo) throw new Error('the demo job is not there')
const { id: job } = await jobs.enqueue(
  demo,
  { label: 'staff look', outcome: 'fail', seconds: 0 },
  { owner: alice.id },
)
const { open } = siteInBrowser(site)

/** Takes a picture to be looked at, where `PICTURES` names a folder. */
async function picture(page: Page, name: string) {
  if (process.env.PICTURES)
    await page.screenshot({ path: `${process.env.PICTURES}/${name}.png`, fullPage: true })
}

/** What opens fades in: the page is asked until it stands still. */
async function nothingSerious(page: Page, what: string) {
  const serious = async () =>
    (await axeFaults(page)).filter(fault => /^\S+ \((serious|critical)\)/.test(fault))
  await expect.poll(serious, { message: what, timeout: 20_000 }).toEqual([])
}

describe.skipIf(!hasBrowser)('the staff area in a browser', () => {
  it('writes to everyone, and each sees it once, with its sender', async () => {
    const staff = await open('ada')
    const reader = await open('alice')
    await staff.getByRole('link', { name: 'Staff', exact: true }).click()
    await staff.locator('main').getByRole('link', { name: 'Messages', exact: true }).click()
    await staff.getByLabel(/^Everyone/).check()
    await staff.getByLabel('Level').selectOption('warning')
    await staff.getByLabel('Text', { exact: true }).fill('Maintenance at ten.')
    await staff.getByRole('button', { name: 'Preview' }).click()

    const seen = staff.locator('ul.messages > li')
    expect(await seen.count()).toBe(1)
    expect(await seen.innerText()).toMatch(/^Warning\s+Message from ada, staff: Maintenance at ten\.$/)
    await staff.getByLabel(/^Type “everyone”/).fill('everyone')
    await staff.getByLabel('Your password').fill(PASSWORD)
    // An open page of the reader's would be told at once.
    await reader.goto('/healthz')
    await staff.getByRole('button', { name: `Send to ${await blog.users.count()} people` }).click()
    await staff.waitForURL('**/admin/messages/*-*')

    await reader.goto('/jobs')
    const message = reader.locator('ul.messages > li', { hasText: 'Maintenance at ten.' })
    expect(await message.innerText()).toContain('Message from ada, staff: Maintenance at ten.')
    expect(await message.getAttribute('class')).toBe('staff warning')
    // Confirmed once the page was sent.
    await expect.poll(async () => (await site.store.broadcasts())[0]?.seen).toBeGreaterThanOrEqual(1)
    await reader.goto('/jobs')
    expect(await message.count()).toBe(0)

    await staff.getByRole('link', { name: 'Look again' }).click()
    expect(await staff.locator('dd').nth(1).innerText()).toMatch(/^[12] (person|people)$/)
    await staff.getByRole('button', { name: /^Take it back/ }).click()
    await staff.getByText('Taken back', { exact: true }).waitFor()
    expect(await site.store.broadcasts()).toEqual([])
  })

  it('shows the dashboard of the queues, which breaks no policy and changes nothing', async () => {
    const page = await open('ada')
    const said: string[] = []
    const asked: string[] = []
    page.on('console', message => {
      if (message.type() === 'error' || /content security/i.test(message.text())) said.push(message.text())
    })
    page.on('request', request => asked.push(`${request.method()} ${request.url()}`))
    await page.goto('/admin/queues/')
    await page.getByText('jobs', { exact: true }).first().waitFor()
    await picture(page, 'queues')
    await page.goto('/admin/queues/queue/jobs?status=failed')
    await page
      .getByText(/It was told to fail/)
      .first()
      .waitFor()
    await picture(page, 'queue')
    expect(await page.getByRole('button', { name: /retry|remove|clean|pause|add/i }).count()).toBe(0)
    await page.goto(`/admin/queues/queue/jobs/${job}`)
    await page
      .getByText(/It was told to fail/)
      .first()
      .waitFor()
    await page.getByText('Data', { exact: true }).first().click()
    await page
      .getByText(/staff look/)
      .first()
      .waitFor()
    await picture(page, 'queue-job')
    expect(said).toEqual([])
    const origin = new URL(page.url()).origin
    expect(asked.filter(each => !each.startsWith(`GET ${origin}/`))).toEqual([])
  })

  it('shows the dashboard so that axe finds nothing serious in it: its buttons have names, its letters can be read', async () => {
    const page = await open('ada')
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      for (const path of ['', 'queue/jobs?status=failed', `queue/jobs/${job}`]) {
        await page.goto(`/admin/queues/${path}`)
        await page.getByRole('button', { name: 'Full screen' }).waitFor()
        if (path !== '')
          await page
            .getByText(/It was told to fail/)
            .first()
            .waitFor()
        await nothingSerious(page, `${colorScheme} ${path}`)
      }
      await page.goto('/admin/queues/')
      await page.getByRole('button', { name: 'Settings' }).click()
      await page.getByRole('dialog').waitFor()
      await nothingSerious(page, `${colorScheme} settings`)
    }
  })

  it('shows on the dashboard what others wrote as text', async () => {
    const text = '<img src=x onerror=alert(1)><script>alert(1)</script>"\'--></style> hostile'
    const [queue] = jobs.queues
    if (!queue) throw new Error('the queue is not there')
    const input = { label: text, outcome: 'fail', seconds: 0 } as const
    const { id } = await jobs.enqueue(demo, input, { owner: alice.id, delay: 3_600_000 })
    const told = {
      name: text,
      failedReason: text,
      stacktrace: JSON.stringify([text]),
      progress: JSON.stringify({ text }),
    }
    await site.redis.hset(queue.toKey(id), { ...told, returnvalue: JSON.stringify(text) })
    await queue.addJobLog(id, text)
    const page = await open('ada')
    let alerts = 0
    page.on('dialog', dialog => {
      alerts += 1
      void dialog.dismiss()
    })
    for (const path of ['queue/jobs?status=delayed', `queue/jobs/${id}`]) {
      await page.goto(`/admin/queues/${path}`)
      await page
        .getByText(/hostile/)
        .first()
        .waitFor()
      for (const name of ['Data', 'Options', 'Logs', 'Error', 'Progress', 'Return Value']) {
        const tab = page.getByText(name, { exact: true }).first()
        if (await tab.isVisible()) await tab.click()
      }
      await page
        .getByText(/hostile/)
        .first()
        .waitFor()
      expect(await page.locator('img[src="x"], [onerror]').count(), path).toBe(0)
      expect(await page.locator('script', { hasText: 'alert' }).count(), path).toBe(0)
    }
    expect(alerts).toBe(0)
  })

  it('takes times in the reader’s own zone, names it, and says when the clocks are changed', async () => {
    const page = await open('ada', { timezoneId: 'America/New_York' })
    await page.goto('/admin/messages')
    await page.getByLabel('Names').fill('bob')
    await page.getByLabel('Text', { exact: true }).fill('In time.')
    const year = new Date().getUTCFullYear() + 1
    const until = page.getByLabel('Until (in America/New York, optional)')
    // The second Sunday of March, when 2:30 is left out.
    const sunday = 14 - new Date(Date.UTC(year, 2, 7)).getUTCDay()
    await until.fill(`${year}-03-${String(sunday).padStart(2, '0')}T02:30`)
    await page.getByRole('button', { name: 'Preview' }).click()
    const words = `There is no 02:30 on ${sunday} March ${year} in America/New York: the clocks are put forward then.`
    await page.getByRole('alert').getByText(words).waitFor()

    const end = new Date(Math.ceil(Date.now() / 60_000) * 60_000 + 2 * 60 * 60_000)
    const local = new Intl.DateTimeFormat('sv', {
      dateStyle: 'short',
      timeStyle: 'short',
      timeZone: 'America/New_York',
    })
    const typed = local.format(end).replace(' ', 'T')
    await until.fill(typed)
    await page.getByRole('button', { name: 'Preview' }).click()
    await page.getByRole('button', { name: 'Change it' }).click()
    expect(await until.inputValue()).toBe(typed)
    await page.getByRole('button', { name: 'Preview' }).click()
    expect(await page.locator('main time').getAttribute('datetime')).toBe(end.toISOString())
    await page.getByRole('button', { name: 'Send to 1 person' }).click()
    await page.getByText('How far it got').waitFor()
    const [sent] = (await blog.staffMessages.page(1, 1)).messages
    expect(sent?.message.until).toEqual(end)

    await page.goto('/admin/jobs')
    await page.getByLabel('From (in America/New York)').fill(typed)
    await page.getByRole('button', { name: 'Find' }).click()
    await page.getByText('None.', { exact: true }).waitFor()
    expect(await page.getByLabel('From (in America/New York)').inputValue()).toBe(typed)
  })

  it('takes them in UTC without JavaScript, and says so', async () => {
    const page = await open('ada', { timezoneId: 'America/New_York', javaScriptEnabled: false })
    await page.goto('/admin/messages')
    await page.getByLabel('Names').fill('bob')
    await page.getByLabel('Text', { exact: true }).fill('In UTC.')
    const typed = new Date(Date.now() + 2 * 60 * 60_000).toISOString().slice(0, 16)
    await page.getByLabel('Until (UTC, optional)').fill(typed)
    await page.getByRole('button', { name: 'Preview' }).click()
    expect(await page.locator('main time').getAttribute('datetime')).toBe(`${typed}:00.000Z`)
    expect(await page.locator('main time').innerText()).toMatch(/UTC$/)
  })

  it('works without JavaScript, and by keyboard alone', async () => {
    const page = await open('ada', { javaScriptEnabled: false })
    await page.goto('/admin/jobs?state=failed')
    await page.getByRole('checkbox').first().focus()
    await page.keyboard.press('Space')
    await page.getByRole('button', { name: 'Try the ticked ones again' }).focus()
    await page.keyboard.press('Enter')
    await page.getByText('1 job is tried again.').waitFor()
    expect(new URL(page.url()).search).toBe('?state=failed')
  })
})
