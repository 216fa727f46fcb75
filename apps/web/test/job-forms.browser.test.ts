import { withPage } from '@tidings/blog'
import { defineJob } from '@tidings/jobs'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { axeFaults } from '../../../test/axe.ts'
import { PASSWORD, testSite } from './client.ts'
import { hasBrowser, siteInBrowser } from './site-in-browser.ts'

const everyKind = withPage(
  defineJob({
    name: 'every-kind',
    input: z.object({
      word: z.string().min(1).max(20).meta({ title: 'Word', description: 'One that you like.' }),
      even: z
        .int()
        .refine(number => number % 2 === 0, 'Use an even number.')
        .meta({ title: 'Even number' }),
      text: z.string().optional().meta({ title: 'Some lines' }),
      size: z.enum(['small', 'medium', 'large', 'huge']),
      colour: z.enum(['red', 'blue']).default('blue'),
      day: z.iso.date(),
      at: z.coerce.date().meta({ title: 'Moment' }),
      agreed: z.literal(true).meta({ title: 'I mean it' }),
      picture: z.string().optional(),
    }),
    run: async () => undefined,
    messages: { success: () => 'Done.' },
  }),
  {
    form: { about: 'Has a field of every kind.' },
    fields: { text: { lines: 3 }, picture: { upload: { accept: ['.png'], maxBytes: 1000 } } },
  },
)

const site = await testSite({ more: { everyKind } })
const { open } = siteInBrowser(site)

describe.skipIf(!hasBrowser)('forms in a browser', () => {
  it.each([1280, 320])('a refused one takes the focus, and leads to the field, at %i px', async width => {
    const page = await open('alice', { viewport: { width, height: 800 }, timezoneId: 'Europe/Berlin' })
    await page.goto('/jobs#every-kind')
    const form = page.locator('#every-kind')
    await form.getByLabel('Word').fill('tidings')
    await form.getByLabel('Even number').fill('3')
    await form.getByLabel('Some lines').fill('one\ntwo')
    await form.getByLabel('Size').selectOption('medium')
    await form.getByLabel('Red').check()
    await form.getByLabel('Day').fill('2026-11-22')
    await form.getByLabel('Moment (in Europe/Berlin)').fill('2026-11-22T10:00')
    await form.getByLabel('I mean it').check()
    await form.getByRole('button', { name: 'Start' }).click()
    await form.getByRole('alert').waitFor()
    expect(await page.evaluate(() => document.activeElement?.className)).toBe('problem')
    expect(await axeFaults(page)).toEqual([])
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width)
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    const even = form.getByLabel('Even number')
    await expect.poll(() => even.evaluate(field => field === document.activeElement)).toBe(true)
    expect(await even.inputValue()).toBe('3')
    expect(await form.getByLabel('Moment (in Europe/Berlin)').inputValue()).toBe('2026-11-22T10:00')
    expect(await form.getByLabel('Some lines').inputValue()).toBe('one\ntwo')
    await even.fill('4')
    await form.getByRole('button', { name: 'Start' }).click()
    await page.waitForURL(/\/jobs\/[\w-]{22}$/)
    expect(await page.locator('dl').innerText()).toContain('Medium')
    expect((await site.jobs.list({ owner: site.alice.id }))[0]?.input).toMatchObject({
      at: '2026-11-22T09:00:00.000Z',
    })
  })

  it('what was typed is there again after the login, and is sent by pressing once more', async () => {
    const page = await open('bob', { viewport: { width: 320, height: 700 } })
    await page.goto('/posts/new')
    await page.getByLabel('Title').fill('Typed before')
    await page.getByLabel('Text').fill('It rained.\n\nThen it cleared.')
    await site.blog.users.endSessions(site.bob.id)
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('What you typed is kept for 15 minutes').waitFor()
    expect(await axeFaults(page)).toEqual([])
    await page.getByLabel('Name').fill('bob')
    await page.getByLabel('Password').fill(PASSWORD)
    await page.keyboard.press('Enter')
    await page.waitForURL(/\/posts\/new\?typed=/)
    expect(await page.getByLabel('Text').inputValue()).toBe('It rained.\n\nThen it cleared.')
    expect(await page.evaluate(() => document.activeElement?.className)).toBe('problem')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByRole('heading', { name: 'Typed before' }).waitFor()
  })

  it('of two tabs with one post, the second to save sees both texts', async () => {
    const page = await open('bob', { viewport: { width: 1280, height: 900 } })
    const [post] = (await site.blog.posts.listOwn(site.bob.id)).posts
    const other = await page.context().newPage()
    for (const tab of [page, other]) await tab.goto(`/posts/${post?.id}/edit`)
    await other.getByLabel('Text').fill('The newer text.')
    await other.getByRole('button', { name: 'Save' }).click()
    await other.getByText('The newer text.').waitFor()
    await page.getByLabel('Text').fill('My text.')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByRole('heading', { name: 'The newer version' }).waitFor()
    expect(await page.getByRole('region', { name: 'Text of the newer version' }).innerText()).toBe(
      'The newer text.',
    )
    expect(await page.getByLabel('Text', { exact: true }).inputValue()).toBe('My text.')
    expect(await axeFaults(page)).toEqual([])
    await page.setViewportSize({ width: 320, height: 700 })
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(320)
    await page.getByRole('button', { name: 'Save mine instead' }).click()
    await page.getByText('My text.').waitFor()
  })
})
