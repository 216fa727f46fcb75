/** A request whose answer nobody reads as a page. */
export interface Look {
  readonly what: string
  /** Default `/page`. */
  readonly path?: string
  readonly headers?: Record<string, string>
  readonly isHead?: boolean
}

export const LOOKS: readonly Look[] = [
  { what: 'HEAD', isHead: true },
  { what: 'a prefetch', headers: { 'sec-purpose': 'prefetch' } },
  { what: 'a prefetch of old', headers: { purpose: 'prefetch' } },
  { what: 'a prerender', headers: { 'sec-purpose': 'prefetch;prerender' } },
  { what: 'XMLHttpRequest', headers: { 'x-requested-with': 'XMLHttpRequest' } },
  { what: 'fetch()', headers: { 'sec-fetch-dest': 'empty', 'sec-fetch-mode': 'cors' } },
  { what: 'a frame', headers: { 'sec-fetch-dest': 'iframe' } },
  { what: 'an EventSource', path: '/events', headers: { 'sec-fetch-dest': 'empty' } },
  { what: 'JSON with a rendered fragment', path: '/json' },
  { what: 'events with a rendered fragment', path: '/events' },
  { what: 'hijacked events with a rendered fragment', path: '/raw-events' },
  { what: '304', path: '/unchanged', headers: { 'if-none-match': '"always the same"' } },
  { what: 'a page that was rendered and left by a redirect', path: '/rendered-and-left' },
  { what: 'a page of status 404', path: '/missing' },
  { what: 'the page of an error', path: '/fails' },
  { what: 'a page that is nowhere', path: '/nowhere' },
  { what: 'a route that shows none', path: '/quiet' },
]
