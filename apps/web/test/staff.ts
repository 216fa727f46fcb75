import { expect } from 'vitest'
import type { Browser, testSite } from './client.ts'

type Site = Awaited<ReturnType<typeof testSite>>

let staff = 0

/** Somebody of staff, who has logged in. */
export async function newStaff(site: Site): Promise<{ browser: Browser; id: string; username: string }> {
  const username = `staff-${++staff}`
  const { browser, id } = await site.user(username)
  await site.blog.users.setRole(id, 'staff')
  return { browser, id, username }
}

/** A text as it stands in a page. */
export function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}

/** Opens the form for messages, fills it in, and looks at the preview. */
export async function preview(browser: Browser, fields: Record<string, string>) {
  return browser.submit('/admin/messages', '/admin/messages/preview', {
    to: 'people',
    level: 'info',
    ...fields,
  })
}

/** The hidden fields of the preview's form that sends. */
export function sendFields(html: string): Record<string, string> {
  const form = html.split('<form class="send"')[1]?.split('</form>')[0] ?? ''
  const inputs = form.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)
  const plain = (text: string) =>
    text
      .replaceAll('&quot;', '"')
      .replaceAll('&lt;', '<')
      .replaceAll('&gt;', '>')
      .replaceAll('&#39;', "'")
      .replaceAll('&amp;', '&')
  const fields = Object.fromEntries([...inputs].map(([, name = '', value = '']) => [name, plain(value)]))
  expect(fields, html.slice(0, 3000)).toHaveProperty('id')
  return fields
}

/** Sends what a preview shows; gives the address of the message's page. */
export async function sendIt(
  browser: Browser,
  fields: Record<string, string>,
  confirmed: Record<string, string> = {},
): Promise<string> {
  const page = await preview(browser, fields)
  expect(page.statusCode, page.body).toBe(200)
  const sent = await browser.post('/admin/messages', { ...sendFields(page.body), ...confirmed })
  expect(sent.statusCode, sent.body).toBe(303)
  return sent.headers.location ?? ''
}

/** What an `li`, a `dd` and the like say beside a term. */
export function factOn(html: string, term: string): string | undefined {
  return new RegExp(`<dt>${term}</dt><dd[^>]*>([^<]*)</dd>`).exec(html)?.[1]
}
