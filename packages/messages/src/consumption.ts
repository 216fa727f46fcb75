import type { IncomingHttpHeaders } from 'node:http'

/**
 * Whether somebody will look at the answer to this request: not for HEAD, a prefetch or prerender, or a request that a
 * script or a frame makes (`Sec-Fetch-Dest` other than `document`; a client that doesn't send the header counts as one
 * that opens a page).
 */
export function opensPage({ method, headers }: { method: string; headers: IncomingHttpHeaders }): boolean {
  if (method === 'HEAD' || isPrefetch(headers)) return false
  if (String(headers['x-requested-with'] ?? '').toLowerCase() === 'xmlhttprequest') return false
  const destination = headers['sec-fetch-dest']
  return destination === undefined || destination === 'document'
}

/** Whether a browser fetches a page ahead, in case that somebody opens it: nobody has asked for anything yet. */
export function isPrefetch(headers: IncomingHttpHeaders): boolean {
  const purpose = `${headers['sec-purpose'] ?? ''} ${headers.purpose ?? ''} ${headers['x-moz'] ?? ''}`
  return /prefetch|prerender|preview/i.test(purpose)
}
