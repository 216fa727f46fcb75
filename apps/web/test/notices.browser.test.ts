import { error, info, success, warning } from '@tidings/messages'
import type { Page } from 'playwright-core'
import { describe, expect, it, vi } from 'vitest'
import { axeFaults } from '../../../test/axe.ts'
import { testSite } from './client.ts'
import { hasBrowser, logIn, siteInBrowser } from './site-in-browser.ts'

vi.setConfig({ testTimeout: 60_000 })

const site = await testSite()
const { open } = siteInBrowser(site)
let users = 0
const LINK = { href: '/jobs', text: 'Look' }

/** Writes down what a screen reader would be told: what is put into a live region, or shown in one, as far as it can be seen. */
const LISTEN = `
  window.said = []
  const note = node => {
    const element = node.nodeType === 1 ? node : node.parentElement
    const region = element?.closest('[aria-live], [role=status], [role=alert]')
    if (region && region.getAttribute('aria-live') !== 'off')
      said.push(region.getAttribute('role') + ': ' + (node.innerText ?? node.textContent).replace(/\\s+/g, ' ').trim())
  }
  new MutationObserver(changes => {
    for (const { type, target, addedNodes } of changes) {
      if (type === 'attributes') note(target)
      // A list is put in before its first item.
      for (const node of addedNodes) if (node.nodeName !== 'UL') note(node)
    }
  }).observe(document.body, { childList: true, subtree: true, attributes: true, attributeFilter: ['hidden'] })
`

/** A page of somebody new, which takes part in what is live. */
async function reader(path = '/') {
  const name = `reader-${++users}`
  const { id } = await site.blog.users.create({ username: name, password: 'correct horse battery' })
  const page = await open(name)
  await page.goto(path)
  return { name, id, page }
}

const items = (page: Page) => page.locator('ul.messages > li')
const texts = (page: Page) => page.locator('ul.messages > li .text').allTextContents()
const shows = (page: Page, expected: string[]) => expect.poll(() => texts(page)).toEqual(expected)
const seen = async (page: Page) =>
  (await page.locator('ul.messages > li:visible .text').allTextContents()).map(text => text.trim())
const unread = async (owner: string) =>
  (await site.store.inbox(owner)).filter(message => message.unread).map(({ text }) => text)
const focused = (page: Page) => page.evaluate(() => document.activeElement?.getAttribute('aria-label'))

describe.skipIf(!hasBrowser)('messages that come to the open page', () => {
  it('are said once, politely, or as an alert where something failed, and leave the focus where it is', async () => {
    const { id, page } = await reader('/jobs')
    await page.evaluate(LISTEN)
    await page.getByLabel('Label').focus()
    await page.keyboard.type('half a sen')
    await site.store.post(id, success('The export is ready.', { link: LINK }))
    await shows(page, ['The export is ready.'])
    await site.store.post(id, error('The import failed.'))
    await shows(page, ['The import failed.', 'The export is ready.'])
    await page.keyboard.type('tence')
    expect(await page.getByLabel('Label').inputValue()).toBe('half a sentence')
    await expect.poll(() => page.locator('button.close').count()).toBe(2)
    expect(await page.evaluate('said')).toEqual([
      'status: Done The export is ready. Look',
      'alert: Failed The import failed.',
    ])
    await expect.poll(() => unread(id)).toEqual([])
  })

  it('look just like those that the server has written', async () => {
    const { id, page } = await reader()
    const shape = () =>
      page.evaluate(() =>
        [...document.querySelectorAll('ul.messages > li')].map(item => {
          const copy = item.cloneNode(true) as Element
          for (const gone of copy.querySelectorAll('[hidden]')) gone.remove()
          for (const each of [copy, ...copy.querySelectorAll('*')])
            for (const name of each.getAttributeNames())
              if (name.startsWith('data-')) each.removeAttribute(name)
          return copy.outerHTML.replace(/\s+(?=<|$)/g, '')
        }),
      )
    const messages = [
      success('Same.', { link: LINK, extraTags: 'export' }),
      success('Same.', { link: LINK, extraTags: 'export' }),
      warning('Other.'),
    ]
    await site.store.post(id, messages)
    await expect.poll(() => page.locator('button.close').count()).toBe(2)
    const live = await shape()
    await expect.poll(() => unread(id)).toEqual([])
    // Where none come live.
    await page.goto('/healthz')
    await site.store.post(id, messages)
    await page.goto('/')
    await expect.poll(() => page.locator('button.close').count()).toBe(2)
    expect(live).toEqual(await shape())
    expect(await items(page).first().innerText()).toMatch(/Same\.\s*× 2/)
    expect(await axeFaults(page)).toEqual([])
  })

  it('keep three open, the newest among them, and errors as long as they can', async () => {
    const { id, page } = await reader()
    for (const message of [error('1'), info('2'), info('3'), info('4')]) {
      await site.store.post(id, message)
      await expect.poll(() => texts(page)).toContain(message.text)
    }
    expect(await seen(page)).toEqual(['1', '3', '4'])
    expect(await page.locator('summary').innerText()).toBe('1 more')
    await page.locator('summary').press('Enter')
    expect(await seen(page)).toEqual(['1', '2', '3', '4'])
    expect(await axeFaults(page)).toEqual([])
  })

  it('come to both of two tabs, and are new on no page after that', async () => {
    const { id, page } = await reader()
    const other = await page.context().newPage()
    await other.goto('/jobs')
    await site.store.post(id, info('To both.'))
    for (const tab of [page, other]) await shows(tab, ['To both.'])
    await expect.poll(() => unread(id)).toEqual([])
    for (const tab of [page, other]) {
      await tab.goto('/')
      await tab.locator('h1').waitFor()
      expect(await texts(tab)).toEqual([])
    }
  })

  it('leave what the reader’s own action has to say to the page to which it leads, also with a second tab', async () => {
    const { page } = await reader()
    const other = await page.context().newPage()
    await other.goto('/')
    await page.goto('/add_messages/')
    expect(await items(page).count()).toBe(0)
    await page.goto('/')
    await expect.poll(() => seen(page)).toHaveLength(2)
    expect(await items(other).count()).toBe(0)
  })

  it('say how many wait, where more do than a page shows, and come when they are newer than the page', async () => {
    const { id, page } = await reader('/healthz')
    await site.store.post(
      id,
      Array.from({ length: 12 }, (_, number) => info(`Number ${number}`)),
    )
    await page.goto('/')
    await expect.poll(() => items(page).count()).toBe(10)
    expect(await page.getByRole('navigation', { name: 'Site' }).innerText()).toContain('Inbox (2 unread)')
    await site.store.post(id, info('Newer.'))
    await expect.poll(() => texts(page)).toContain('Newer.')
    expect(await items(page).count()).toBe(11)
    expect(await page.getByRole('navigation', { name: 'Site' }).innerText()).toContain('Inbox (2 unread)')
    await expect.poll(() => unread(id)).toEqual(['Number 11', 'Number 10'])
  })

  it('do not take from the inbox what it lists, or leaves out', async () => {
    const { id, page } = await reader('/healthz')
    await site.store.post(id, [info('A note.'), error('A failure.')])
    await page.goto('/inbox?level=error')
    await site.store.post(id, warning('Newer.'))
    await shows(page, ['Newer.'])
    await expect.poll(() => unread(id)).toEqual(['A failure.', 'A note.'])
    expect(await page.getByRole('navigation', { name: 'Site' }).innerText()).toContain('Inbox (2 unread)')
  })

  it('end with the session: who logs in next in the same browser is told, and the page of the first is not', async () => {
    const { id, page } = await reader()
    const other = await page.context().newPage()
    await other.goto('/')
    const over = page.waitForEvent('requestfinished', request => request.url().endsWith('/messages/stream'))
    await other.getByRole('button', { name: 'Log out' }).click()
    await other.getByRole('link', { name: 'Log in' }).waitFor()
    await over
    const next = await site.blog.users.create({
      username: `reader-${++users}`,
      password: 'correct horse battery',
    })
    await logIn(other, next.username)
    await site.store.post(id, info('For the first.'))
    await site.store.post(next.id, info('For the second.'))
    await shows(other, ['For the second.'])
    await expect.poll(() => unread(next.id)).toEqual([])
    expect(await texts(page)).toEqual([])
    expect(await unread(id)).toEqual(['For the first.'])
  })
})

describe.skipIf(!hasBrowser)('messages on a page', () => {
  it('give the focus to the reader’s own last action, with and without JavaScript', async () => {
    for (const javaScriptEnabled of [true, false]) {
      const page = await open('alice', { javaScriptEnabled })
      await page.goto('/add_messages/')
      await site.store.post(site.alice.id, error('Of a job.'))
      await page.getByRole('link', { name: 'Posts', exact: true }).click()
      await items(page).first().waitFor()
      const focus = page.locator(':focus')
      await expect.poll(() => focus.innerText()).toContain('Hello, alice.')
      expect(await focus.getAttribute('role')).toBe('alert')
      await expect.poll(() => unread(site.alice.id)).toEqual([])
    }
  })

  it('are closed by keyboard: the focus goes to the next, and at last to the heading', async () => {
    const { id, page } = await reader('/healthz')
    await site.store.post(id, [error('1'), info('2'), info('3'), info('4')])
    await page.goto('/')
    await page.locator('button.close').first().waitFor()
    expect(await seen(page)).toEqual(['1', '2', '3'])
    await page.getByRole('button', { name: 'Close: 2' }).focus()
    await page.keyboard.press('Enter')
    expect(await seen(page)).toEqual(['1', '3', '4'])
    expect(await focused(page)).toBe('Close: 3')
    expect(await page.locator('summary').isVisible()).toBe(false)
    for (const key of ['Space', 'Enter']) await page.keyboard.press(key)
    expect(await seen(page)).toEqual(['1'])
    expect(await focused(page)).toBe('Close: 1')
    await page.keyboard.press('Enter')
    expect(await page.locator('ul.messages').count()).toBe(0)
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('H1')
    expect(await page.getByRole('region', { name: 'Messages' }).count()).toBe(0)
    // It stays in the inbox.
    expect((await site.store.inbox(id)).map(({ text }) => text)).toEqual(['4', '3', '2', '1'])
  })

  it('have buttons that a finger can hit', async () => {
    const { id, page } = await reader('/healthz')
    await site.store.post(id, info('1'))
    await page.setViewportSize({ width: 320, height: 640 })
    await page.goto('/')
    const box = await page.locator('.close').boundingBox()
    expect(Math.min(box?.width ?? 0, box?.height ?? 0)).toBeGreaterThanOrEqual(24)
  })

  it.each([true, false])('unfold by keyboard, with JavaScript: %s', async javaScriptEnabled => {
    const page = await open('bob', { javaScriptEnabled, viewport: { width: 320, height: 640 } })
    await page.goto('/healthz')
    await site.store.post(
      site.bob.id,
      Array.from({ length: 10 }, (_, number) => info(`Number ${number}`)),
    )
    await page.goto('/')
    expect(await seen(page)).toHaveLength(3)
    const more = page.locator('summary')
    expect(await more.innerText()).toBe('7 more')
    for (let tabs = 0; tabs < 30 && !(await more.evaluate(element => element.matches(':focus'))); tabs += 1)
      await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await expect.poll(() => seen(page)).toHaveLength(10)
    expect(await more.innerText()).toBe('Show fewer')
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(320)
    await page.keyboard.press('Enter')
    await expect.poll(() => seen(page)).toHaveLength(3)
  })

  it('can be hidden without JavaScript, too', async () => {
    const page = await open('bob', { javaScriptEnabled: false })
    await page.goto('/healthz')
    await site.store.post(site.bob.id, [info('One'), info('Two')])
    await page.goto('/')
    await page.getByRole('checkbox', { name: 'Close: One' }).press('Space')
    await expect.poll(() => seen(page)).toEqual(['Two'])
  })

  it('are not there any more when the reader goes back to a page', async () => {
    const { id, page } = await reader('/healthz')
    await site.store.post(id, info('Once.'))
    await page.goto('/')
    await shows(page, ['Once.'])
    await page.goto('/jobs')
    await page.goBack()
    await page.locator('h1', { hasText: 'Posts' }).waitFor()
    await expect.poll(() => seen(page)).toEqual([])
  })

  it('are there, all of them, where the scripts can’t be had', async () => {
    const page = await open('bob')
    await page.context().route('**/assets/*.js*', route => route.fulfill({ status: 404 }))
    await page.goto('/healthz')
    await site.store.post(site.bob.id, [info('1'), info('2'), info('3'), info('4')])
    await page.goto('/')
    await page.locator('summary').click()
    expect(await seen(page)).toEqual(['1', '2', '3', '4'])
  })
})

describe.skipIf(!hasBrowser)('times', () => {
  it('are said in the reader’s zone, and the inbox is grouped by their days', async () => {
    const { name, id, page } = await reader()
    await site.store.post(id, info('Now.'))
    const now = (await site.store.inbox(id))[0]?.time ?? new Date()
    await page.context().close()
    const timezoneId = 'Pacific/Kiritimati' // 14 hours ahead, always
    const there = await open(name, { timezoneId })
    await there.goto('/inbox')
    const inZone = (options: Intl.DateTimeFormatOptions) =>
      new Intl.DateTimeFormat('en-GB', { timeZone: timezoneId, ...options }).format(now)
    const clock = inZone({ hour: '2-digit', minute: '2-digit', timeZoneName: 'short' })
    await expect.poll(() => there.locator('ol.inbox time').first().innerText()).toBe(clock)
    expect(clock).toContain('GMT+14')
    expect(await there.locator('.day h2').allInnerTexts()).toEqual([inZone({ dateStyle: 'full' })])
    // What a script puts in later, too.
    await there.evaluate(() => {
      const time = document.createElement('time')
      time.dateTime = '2026-01-01T12:30:00.000Z'
      time.textContent = '1 Jan 2026, 12:30 UTC'
      document.querySelector('main')?.append(time)
    })
    await expect.poll(() => there.locator('main > time').innerText()).toBe('2 Jan 2026, 02:30 GMT+14')
    expect(await there.locator('main > time').getAttribute('title')).toBe('2026-01-01 12:30 UTC')
  })

  it('are in UTC, and say so, without JavaScript', async () => {
    const page = await open('alice', { javaScriptEnabled: false, timezoneId: 'Pacific/Kiritimati' })
    await site.store.post(site.alice.id, info('Now.'))
    await page.goto('/inbox')
    expect(await page.locator('ol.inbox time').first().innerText()).toMatch(/^\d\d:\d\d UTC$/)
  })
})
