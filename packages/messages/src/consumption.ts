import type { IncomingHttpHeaders } from 'node:http'

/**
 * Whether somebody will look at the answer to this request: not for HEAD, a prefetch or prerender, or a request that a
 * script or a frame makes (`Sec-Fetch-Dest` other than `document`; a client that doesn't send the header counts as one
 * that opens a page).
 */
export function opensPage({ method, headers }: { method: string; headers: IncomingHttpHeaders }): boolean {
  if (method === 'HEAD' || isPrefetch(headers)) return false
  const by = headers['x-requested-with']
  if (by !== undefined && String(by).toLowerCase() === 'xmlhttprequest') return false
  const destination = headers['sec-fetch-dest']
  return destination === undefined || destination === 'document'
}

/** Whether a browser fetches a page ahead, in case that somebody opens it: nobody has asked for anything yet. */
export function isPrefetch(headers: IncomingHttpHeaders): boolean {
  const { 'sec-purpose': secPurpose, purpose: old, 'x-moz': moz } = headers
  if (secPurpose === undefined && old === undefined && moz === undefined) return false
  const purpose = `${secPurpose ?? ''} ${old ?? ''} ${moz ?? ''}`
  return /prefetch|prerender|preview/i.test(purpose)
}
