import type { IncomingHttpHeaders } from 'node:http'

/**
 * Whether somebody will look at the answer to this request: not for HEAD, a prefetch or prerender, or a request that a
 * script or a frame makes (`Sec-Fetch-Dest` other than `document`; a client that doesn't send the header counts as one
 * that opens a page).
 */
export function opensPage({ method, headers }: { method: string; headers: IncomingHttpHeaders }): boolean {
  if (method === 'HEAD') return false
  const purpose = `${headers['sec-purpose'] ?? ''} ${headers.purpose ?? ''} ${headers['x-moz'] ?? ''}`
  if (/prefetch|prerender|preview/i.test(purpose)) return false
  if (String(headers['x-requested-with'] ?? '').toLowerCase() === 'xmlhttprequest') return false
  const destination = headers['sec-fetch-dest']
  return destination === undefined || destination === 'document'
}
