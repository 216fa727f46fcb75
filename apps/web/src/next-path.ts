const MAX_LENGTH = 2000
const OWN = 'http://own.invalid'

/**
 * The path to go on to after the login, where `value` is one of this site's pages; else `/`.
 * Browsers read "\" as "/" and drop tabs and line breaks, and "/..//host" ends as "//host": so the value is parsed as a
 * browser would parse it, and what comes out is looked at again.
 */
export function nextPath(value: unknown): string {
  if (typeof value !== 'string' || value.length > MAX_LENGTH || !value.startsWith('/')) return '/'
  if (/[\\\p{Cc}\p{Z}]/u.test(value) || !URL.canParse(value, OWN)) return '/'
  const { origin, pathname, search, hash } = new URL(value, OWN)
  if (origin !== OWN || pathname.startsWith('//')) return '/'
  if (/^\/(login|logout)(\/|$)/.test(pathname)) return '/'
  return pathname + search + hash
}
