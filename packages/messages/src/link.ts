import { z } from 'zod'

const MAX_HREF = 2000
const MAX_TEXT = 200

/** A link beside a message's text: `href` is a path of this site (`/jobs/7`) or an http(s) address, `text` what one clicks on. */
export const linkSchema = z.object({
  href: z
    .string()
    .max(MAX_HREF)
    .refine(isSafeHref, 'expected a path that begins with one "/", or an http(s) address'),
  text: z.string().min(1).max(MAX_TEXT),
})

/** A link beside a message's text. */
export type MessageLink = z.output<typeof linkSchema>

// A browser drops tabs and line breaks from an address and reads "\" as "/": both have fooled checks like this one.
function isSafeHref(href: string): boolean {
  if (/[\\\p{Cc}]/u.test(href)) return false
  if (href.startsWith('/')) return !href.startsWith('//')
  return /^https?:\/\//i.test(href) && URL.canParse(href)
}
