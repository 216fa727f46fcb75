import type { FastifyReply } from 'fastify'

const PRIVATE = 'private, no-store'

const FOR_SHARED_CACHES = [
  'surrogate-control',
  'cdn-cache-control',
  'cloudflare-cdn-cache-control',
  'vercel-cdn-cache-control',
  'netlify-cdn-cache-control',
] as const

/** Says that nobody but this reader may be given this response, and not again either. Takes back what said otherwise. */
export function keepPrivate(reply: FastifyReply): void {
  // Asked for together: this is done twice of each page with messages.
  const headers = reply.getHeaders()
  if (headers['cache-control'] !== PRIVATE) reply.header('cache-control', PRIVATE)
  const { vary } = headers
  if (!vary) reply.header('vary', 'Cookie')
  else if (vary !== 'Cookie' && !variesByCookie(vary))
    reply.header('vary', `${[vary].flat().join(', ')}, Cookie`)
  // Shared caches heed these before Cache-Control.
  for (const name of FOR_SHARED_CACHES) if (headers[name] !== undefined) reply.removeHeader(name)
}

function variesByCookie(vary: string | number | readonly string[]): boolean {
  return /(^|,)\s*(cookie|\*)\s*(,|$)/i.test([vary].flat().join(', '))
}

/** What a reply says that lets a cache keep it; `undefined` for nothing of the kind. */
export function cacheability(reply: FastifyReply): string | undefined {
  const control = String(reply.getHeader('cache-control') ?? '')
  if (/\bno-store\b/i.test(control)) return undefined
  return /\bpublic\b|\b(s-maxage|max-age)\s*=\s*"?0*[1-9]/i.test(control) ? control : undefined
}
